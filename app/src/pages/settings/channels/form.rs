//! The fields that a new channel and one that exists have in common.

use crate::api::channels::ChannelLine;
use crate::components::at_once::Slotted;
use crate::components::field::{CheckField, Choice, SegmentedField, SelectField, TextArea, TextField};
use crate::components::form::FieldGroup;
use crate::i18n::*;
use crate::pages::jobs::zones::{ZONES, ZoneList};
use crate::visit::use_visit;
use entity::channel::ChannelKind;
use leptos::prelude::*;

/// The kind's word.
pub fn kind_word(kind: ChannelKind) -> &'static str {
    let i18n = use_i18n();
    match kind {
        ChannelKind::Wecom => tu_string!(i18n, alerts.wecom),
        ChannelKind::Dingtalk => tu_string!(i18n, alerts.dingtalk),
        ChannelKind::Feishu => tu_string!(i18n, alerts.feishu),
        ChannelKind::Slack => tu_string!(i18n, alerts.slack),
        ChannelKind::Webhook => tu_string!(i18n, alerts.webhook),
        ChannelKind::Email => tu_string!(i18n, alerts.email),
    }
}

/// All of them; `stored` is the channel that exists. `children` come first.
#[component]
pub fn ChannelFields(
    #[prop(optional_no_strip)] stored: Option<ChannelLine>,
    #[prop(optional)] children: Option<Slotted>,
) -> impl IntoView {
    let i18n = use_i18n();
    let kinds = ChannelKind::ALL.map(|kind| Choice::new(kind.as_str(), kind_word(kind)));
    let languages = vec![Choice::new("zh", "中文"), Choice::new("en", "English")];
    let own_language = if i18n.get_locale_untracked() == Locale::en { "en" } else { "zh" };
    let hook = stored.clone().filter(|stored| stored.kind != ChannelKind::Email);
    let target_help = match hook {
        Some(stored) => tu_string!(i18n, alerts.target_keep, target = stored.target),
        None => tu_string!(i18n, alerts.target_help).to_owned(),
    };
    let signed = stored.is_some_and(|stored| stored.signed);
    let secret_help = match signed {
        true => tu_string!(i18n, alerts.secret_keep),
        false => tu_string!(i18n, alerts.secret_help),
    };
    view! {
        <ZoneList/>
        <FieldGroup title=tu_string!(i18n, alerts.group_channel)>
            {children.map(Slotted::show)}
            <TextField name="name" label=tu_string!(i18n, alerts.name) maxlength=120/>
            <SelectField name="kind" label=tu_string!(i18n, alerts.kind) options=kinds.to_vec()/>
            <TextArea name="target" label=tu_string!(i18n, alerts.target) help=target_help rows=2 mono=true/>
            <TextField
                name="secret"
                label=tu_string!(i18n, alerts.secret)
                kind="password"
                help=secret_help
                autocomplete="new-password"
                maxlength=255
                optional=true
                span=true
            />
            {signed.then(|| view! {
                <CheckField name="unsign" label=tu_string!(i18n, alerts.unsign) span=true/>
            })}
            <TextArea
                name="mentions"
                label=tu_string!(i18n, alerts.mentions)
                help=tu_string!(i18n, alerts.mentions_help)
                rows=3
                mono=true
                optional=true
            />
            <SegmentedField
                name="language"
                label=tu_string!(i18n, alerts.language)
                options=languages
                value=own_language
            />
            <TextField
                name="zone"
                label=tu_string!(i18n, alerts.zone)
                value=use_visit().zone
                list=ZONES
                mono=true
            />
        </FieldGroup>
    }
}
