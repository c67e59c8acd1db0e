//! `orrery user`: accounts without the console, for whoever operates the server.

use super::readable;
use crate::config::Settings;
use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use entity::user::UserRole;
use scheduler::authority::Caller;
use scheduler::users::{self, UserDraft};

#[derive(Subcommand)]
pub enum What {
    /// Creates an account and prints its one-time password.
    Create {
        name: String,
        #[arg(long, default_value = "")]
        email: String,
        #[arg(long, value_enum, default_value_t = Role::Ordinary)]
        role: Role,
    },
    /// Prints a new one-time password, ends the account's sessions and lifts a lock-out.
    ResetPassword {
        /// Name or e-mail address.
        name: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Role {
    SuperAdmin,
    Ordinary,
}

pub async fn run(settings: &Settings, what: What) -> Result<()> {
    let (databases, services) = super::open_migrated(settings).await?;
    let operator = Caller::operator();
    let (name, password) = match what {
        What::Create { name, email, role } => {
            let draft = UserDraft { name, email, role: role.into() };
            let (user, password) = users::create(&services, &operator, draft).await.map_err(readable)?;
            (user.name, password)
        }
        What::ResetPassword { name } => {
            let password = users::reset_password(&services, &operator, &name).await.map_err(readable)?;
            (name, password)
        }
    };
    databases.close().await?;
    print_one_time_password(&name, &password);
    Ok(())
}

/// Two lines, so that a program that started the server can find them among others.
pub fn print_one_time_password(name: &str, password: &str) {
    println!("user: {name}");
    println!("one-time password: {password}");
}

impl From<Role> for UserRole {
    fn from(role: Role) -> Self {
        match role {
            Role::SuperAdmin => Self::SuperAdmin,
            Role::Ordinary => Self::Ordinary,
        }
    }
}
