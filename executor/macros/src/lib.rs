//! The attribute `#[handler]` of `orrery-executor`, which re-exports it: use it from there.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ItemFn, LitStr, Result};

// Its documentation stands where it is re-exported, for the examples need that crate.
#[proc_macro_attribute]
pub fn handler(attribute: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let given = TokenStream::from(item.clone());
    match declaration(attribute.into(), item.into()) {
        Ok(declaration) => quote!(#given #declaration).into(),
        // The function stays: what calls it shall not look wrong, too.
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#given #error).into()
        }
    }
}

/// What stands behind the function and makes it known.
fn declaration(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item).map_err(|_| {
        Error::new(Span::call_site(), "only an `async fn` outside of impl blocks can be a handler")
    })?;
    check(&function)?;
    let name = name(attribute, &function)?;
    let function_name = &function.sig.ident;
    // Spanned like the function, so that a wrong parameter is complained of there.
    let erased = quote_spanned! {function_name.span()=> ::orrery_executor::__private::erase(#function_name) };
    Ok(quote! {
        ::orrery_executor::__private::inventory::submit! {
            ::orrery_executor::__private::Declared {
                name: #name,
                file: ::core::file!(),
                line: ::core::line!(),
                erase: || #erased,
            }
        }
    })
}

fn check(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(Error::new(signature.fn_token.span, "a handler is an `async fn`"));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new(signature.generics.span(), "a handler has no generic parameters"));
    }
    if let Some(receiver) = signature.receiver() {
        return Err(Error::new(receiver.span(), "a handler is a function of its own, without `self`"));
    }
    match signature.inputs.iter().nth(2) {
        Some(third) => {
            Err(Error::new(third.span(), "a handler takes the run's Context and its parameter, nothing more"))
        }
        None => Ok(()),
    }
}

/// The name that jobs use: a text in the attribute, else the function's.
fn name(attribute: TokenStream, function: &ItemFn) -> Result<LitStr> {
    if attribute.is_empty() {
        let own = function.sig.ident.to_string();
        return Ok(LitStr::new(own.trim_start_matches("r#"), function.sig.ident.span()));
    }
    let name: LitStr = syn::parse2(attribute)
        .map_err(|error| Error::new(error.span(), "the name is one text: `#[handler(\"name\")]`"))?;
    let text = name.value();
    match text.is_empty() || text.contains(char::is_whitespace) {
        true => Err(Error::new(name.span(), "a handler's name is not empty and has no blanks in it")),
        false => Ok(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(attribute: TokenStream, item: TokenStream) -> String {
        declaration(attribute, item).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_declaration_has_the_name_of_the_function_or_the_one_that_is_given() {
        let function = quote!(
            async fn r#move(ctx: Context) -> HandlerResult {
                todo()
            }
        );
        let plain = declaration(TokenStream::new(), function.clone()).unwrap().to_string();
        assert!(plain.contains(r#"name : "move""#), "{plain}");
        let named = declaration(quote!("stock.move"), function).unwrap().to_string();
        assert!(named.contains(r#"name : "stock.move""#), "{named}");
    }

    #[test]
    fn what_is_no_handler_is_told_why() {
        let good = quote!(
            async fn f() -> Result<(), String> {
                Ok(())
            }
        );
        assert_eq!(complaint(TokenStream::new(), good.clone()), "");
        for (attribute, item, part) in [
            (
                quote!(),
                quote!(
                    fn f() {}
                ),
                "is an `async fn`",
            ),
            (
                quote!(),
                quote!(
                    struct S;
                ),
                "only an `async fn`",
            ),
            (
                quote!(),
                quote!(
                    async fn f<T>(t: T) {}
                ),
                "no generic parameters",
            ),
            (
                quote!(),
                quote!(
                    async fn f(&self) {}
                ),
                "without `self`",
            ),
            (
                quote!(),
                quote!(
                    async fn f(a: A, b: B, c: C) {}
                ),
                "nothing more",
            ),
            (quote!(name), good.clone(), "is one text"),
            (quote!(""), good.clone(), "is not empty"),
            (quote!("a b"), good, "no blanks"),
        ] {
            let complaint = complaint(attribute, item);
            assert!(complaint.contains(part), "{complaint:?} does not say {part:?}");
        }
    }
}
