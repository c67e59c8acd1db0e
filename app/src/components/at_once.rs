//! Views that the browser takes over in one go.
//!
//! Whatever is erased to [`AnyView`] brings all its code along, used or not: also that for being taken over
//! bit by bit while parts of the program still load. Nothing loads in parts here, and that code alone was an
//! eighth of what browsers had to load. What is wrapped in [`AtOnce`] leaves it out.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::children::{ChildrenOptContainer, ToChildren};
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState, Render, RenderHtml};

/// A view as it is, but for `hydrate_async`, which is that of the trait: it takes over at once.
pub struct AtOnce<V>(V);

/// Erasing a view's type without the code that nothing calls.
pub trait TakenAtOnce: RenderHtml + Sized {
    /// As `into_any`, of a view that the browser takes over in one go.
    fn at_once(self) -> AnyView {
        AtOnce(self).into_any()
    }
}

impl<V: RenderHtml> TakenAtOnce for V {}

/// What stands between a component's tags.
pub struct Slotted(Box<dyn FnOnce() -> AnyView + Send>);

impl Slotted {
    pub fn show(self) -> AnyView {
        (self.0)()
    }
}

impl<F, V> ToChildren<F> for Slotted
where
    F: FnOnce() -> V + Send + 'static,
    V: RenderHtml + 'static,
{
    fn to_children(view: F) -> Self {
        Self(Box::new(move || view().at_once()))
    }
}

/// Plain text between the tags comes without a closure around it.
impl<V: RenderHtml + 'static> ToChildren<ChildrenOptContainer<V>> for Slotted {
    fn to_children(view: ChildrenOptContainer<V>) -> Self {
        Self(Box::new(move || view.0.at_once()))
    }
}

impl<V: Render> Render for AtOnce<V> {
    type State = V::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

impl<V: RenderHtml> AddAnyAttr for AtOnce<V> {
    type Output<A: Attribute> = V::Output<A>;

    fn add_any_attr<A: Attribute>(self, attribute: A) -> Self::Output<A>
    where
        Self::Output<A>: RenderHtml,
    {
        self.0.add_any_attr(attribute)
    }
}

impl<V: RenderHtml> RenderHtml for AtOnce<V> {
    type AsyncOutput = AtOnce<V::AsyncOutput>;
    type Owned = AtOnce<V::Owned>;

    const MIN_LENGTH: usize = V::MIN_LENGTH;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> Self::AsyncOutput {
        AtOnce(self.0.resolve().await)
    }

    fn html_len(&self) -> usize {
        self.0.html_len()
    }

    fn to_html_with_buf(
        self,
        html: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        attributes: Vec<AnyAttribute>,
    ) {
        self.0.to_html_with_buf(html, position, escape, mark_branches, attributes);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        html: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        attributes: Vec<AnyAttribute>,
    ) {
        self.0.to_html_async_with_buf::<OUT_OF_ORDER>(html, position, escape, mark_branches, attributes);
    }

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self::Owned {
        AtOnce(self.0.into_owned())
    }
}
