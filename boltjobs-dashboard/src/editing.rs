//! The form in which a recurring definition is edited.
//!
//! It carries when the definition was changed last, as it was then. Whoever saves it later has not seen what others have changed
//! since, and is shown that first.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use boltjobs_core::access::Role;

use crate::actions::{Fields, Sent, answer, back, with_form};
use crate::doing::{needs, unknown};
use crate::edit::{self, FIELDS, Typed};
use crate::pages::{self, EditPage};
use crate::refused::Refused;
use crate::routes::{Asked, find_definition, html};

/// Shows the form with what is there.
pub(crate) async fn form(asked: Asked, Path(id): Path<String>) -> Response {
    let done = async {
        needs(&asked, Role::Operate)?;
        let recurring = find_definition(&asked, &id).await?;
        let page = EditPage::new(&recurring, Typed::of(&recurring.definition));
        Ok(html(pages::edit(asked.view(), &page)).into_response())
    };
    answer(&asked, done.await)
}

/// Shows what was typed with what it means, or saves it.
pub(crate) async fn sent(asked: Asked, Path(id): Path<String>, fields: Fields) -> Response {
    with_form(&asked, fields, |form| act(&asked, &id, form)).await
}

async fn act(asked: &Asked, id: &str, form: Sent) -> Result<Response, Refused> {
    needs(asked, Role::Operate)?;
    let save = match form.field("action") {
        "preview" => false,
        "save" => true,
        other => return Err(unknown(other)),
    };
    let recurring = find_definition(asked, id).await?;
    let mut typed = Typed::of(&recurring.definition);
    for field in FIELDS.into_iter().filter(|field| form.has(field)) {
        typed.put(field, form.field(field));
    }
    let mut page = EditPage::new(&recurring, typed);
    let answer = |status: StatusCode, page: &EditPage<'_>| {
        Ok((status, html(pages::edit(asked.view(), page))).into_response())
    };
    if recurring.definition.declared_by.is_some() {
        return answer(StatusCode::CONFLICT, &page);
    }
    page.changed = form.field("seen") != recurring.updated_at.to_string();
    if save && page.changed {
        edit::late(asked, id).await;
    }
    let edited = match page.typed.of_form().on(&recurring.definition) {
        Ok(edited) => edited,
        Err(faults) => {
            page.faults = faults;
            return answer(StatusCode::BAD_REQUEST, &page);
        }
    };
    if !save || page.changed {
        let status = if page.changed { StatusCode::CONFLICT } else { StatusCode::OK };
        page.preview = Some(edit::preview(&recurring, edited, asked.now()));
        return answer(status, &page);
    }
    // Between the look and the write somebody else may have been faster.
    let done = edit::change(asked, &recurring.definition, edited).await?;
    Ok(back(&asked.base().item("/recurring/", id), if done == Some(true) { "edit" } else { "nothing" }))
}
