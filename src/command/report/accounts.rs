//! `--accounts`: the names of AWS accounts.
//!
//! Reads what `aws organizations list-accounts` prints, or CSV (RFC 4180) with an id and a name on
//! each line, with or without a heading.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::text::escape_line;

/// A file that is not a list of accounts.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// JSON without accounts.
    #[error(
        "it is JSON, but not what `aws organizations list-accounts` prints: {0}; CSV with an id and \
         a name on each line is read as well"
    )]
    Json(String),
    /// One page of a longer list.
    #[error("it is a part of the list (`NextToken`): list all accounts, without --max-items")]
    Page,
    /// A line of CSV.
    #[error("line {0}: {1}")]
    Line(usize, String),
    /// Nothing in it.
    #[error("it names no account: a line has an account id of 12 digits, a comma and a name")]
    Empty,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    accounts: Vec<Account>,
    /// Set if there are more accounts than these.
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    id: String,
    name: String,
}

/// Reads names by account id.
///
/// # Errors
///
/// If the text is neither.
pub fn read(text: &[u8]) -> Result<BTreeMap<String, String>, AccountsError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut names = BTreeMap::new();
    if text.trim_ascii_start().starts_with(b"{") {
        let listed: Listed = serde_json::from_slice(text)
            .map_err(|error| AccountsError::Json(escape_line(&error.to_string())))?;
        if listed.next_token.is_some() {
            return Err(AccountsError::Page);
        }
        for (at, account) in listed.accounts.into_iter().enumerate() {
            let within = |why| AccountsError::Json(format!("Accounts[{at}]: {why}"));
            add(&mut names, account.id, account.name).map_err(within)?;
        }
    } else {
        let text = std::str::from_utf8(text)
            .map_err(|_| AccountsError::Line(1, "the file is not UTF-8".to_owned()))?;
        csv(text, &mut names)?;
    }
    if names.is_empty() { Err(AccountsError::Empty) } else { Ok(names) }
}

fn csv(text: &str, names: &mut BTreeMap<String, String>) -> Result<(), AccountsError> {
    // The columns of the id and the name.
    let mut columns = None;
    for (number, cells) in rows(text)? {
        let is_id = |cell: &String| cell.len() == 12 && cell.bytes().all(|it| it.is_ascii_digit());
        let (id, name) = match columns {
            Some(columns) => columns,
            None if cells.iter().any(is_id) => *columns.insert((0, 1)),
            None => {
                columns = Some(heading(&cells).map_err(|why| AccountsError::Line(number, why))?);
                continue;
            }
        };
        let cell = |at: usize| cells.get(at).map(|cell| cell.trim().to_owned());
        let (Some(id), Some(name)) = (cell(id), cell(name)) else {
            let why = "an account id, a comma and a name are expected".to_owned();
            return Err(AccountsError::Line(number, why));
        };
        add(names, id, name).map_err(|why| AccountsError::Line(number, why))?;
    }
    Ok(())
}

/// The columns of the id and the name, by their headings.
fn heading(cells: &[String]) -> Result<(usize, usize), String> {
    let plain = |cell: &String| cell.to_lowercase().replace(['_', '-', ' '], "");
    let find = |words: &[&str]| cells.iter().position(|cell| words.contains(&plain(cell).trim()));
    let id = find(&["id", "accountid", "account", "accountnumber", "awsaccountid"]);
    let name = find(&["name", "accountname", "alias", "accountalias"]);
    id.zip(name).ok_or_else(|| {
        "neither an account id of 12 digits nor a heading with the columns 'id' and 'name' (a \
         spreadsheet removes leading zeros: write the column as text)"
            .to_owned()
    })
}

fn add(names: &mut BTreeMap<String, String>, id: String, name: String) -> Result<(), String> {
    if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!(
            "'{}' is not an account id of 12 digits (a spreadsheet removes leading zeros: write the \
             column as text)",
            escape_line(&id)
        ));
    }
    if name.is_empty() {
        return Err(format!("the account {id} has no name"));
    }
    match names.get(&id) {
        Some(other) if *other != name => Err(format!("the account {id} has two names")),
        _ => {
            names.insert(id, name);
            Ok(())
        }
    }
}

/// The rows of CSV with the numbers of their first lines; empty ones are left out.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, AccountsError> {
    let mut rows = Vec::new();
    let (mut line, mut begin) = (1, 1);
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                cells.push(std::mem::take(&mut cell));
                rows.push((begin, std::mem::take(&mut cells)));
                begin = line;
            }
            _ => cell.push(letter),
        }
    }
    if quoted {
        return Err(AccountsError::Line(begin, "a quotation mark is not closed".to_owned()));
    }
    cells.push(cell);
    rows.push((begin, cells));
    rows.retain(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty()));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let one = "[(\"000123456789\", \"Prod, EU\"), (\"123456789012\", \"dev\")]";
        for text in [
            "000123456789,\"Prod, EU\"\n123456789012,dev\n",
            "\u{feff}id,name\r\n000123456789,\"Prod, EU\"\r\n\r\n123456789012,dev",
            "Name,Email,Account ID\n\"Prod, EU\",a@b,000123456789\ndev,,123456789012\n",
            r#"{"Accounts": [{"Id": "000123456789", "Name": "Prod, EU", "Status": "ACTIVE"},
                {"Id": "123456789012", "Name": "dev"}]}"#,
        ] {
            let names = read(text.as_bytes()).expect("names");
            assert_eq!(format!("{:?}", names.iter().collect::<Vec<_>>()), one, "{text}");
        }
    }

    #[test]
    fn a_fault_is_named_with_its_line() {
        for (text, why) in [
            ("", "it names no account"),
            ("id,name\n", "it names no account"),
            ("id,name\n12345678901,x\n", "line 2: '12345678901' is not an account id"),
            ("123456789012,a\n123456789012,b\n", "line 2: the account 123456789012 has two names"),
            ("123456789012\n", "line 1: an account id, a comma and a name"),
            ("123456789012,\n", "line 1: the account 123456789012 has no name"),
            ("number,title\n123456789012,a\n", "line 1: neither an account id"),
            ("123456789012,\"a\n", "line 1: a quotation mark"),
            ("{\"Users\": []}", "it is JSON, but not what"),
            (
                r#"{"Accounts": [{"Id": "123456789012", "Name": "x"}], "NextToken": "t"}"#,
                "a part of the list (`NextToken`)",
            ),
            ("{\"Accounts\": [{\"Id\": \"1\", \"Name\": \"x\"}]}", "Accounts[0]: '1' is not"),
        ] {
            let error = read(text.as_bytes()).expect_err(text).to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
