//! Alerts: what is told, when, in which words, and how each kind of receiver wants to be told. No
//! expression is evaluated anywhere: a message is built from a typed [`message::Alert`].

pub mod asking;
pub mod content;
pub mod deadline;
pub mod decide;
pub mod dingtalk;
pub mod email;
pub mod feishu;
pub mod mentions;
pub mod message;
pub mod post;
pub mod retry;
pub mod slack;
pub mod webhook;
pub mod wecom;

#[cfg(test)]
mod tests;
