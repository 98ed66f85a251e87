//! Writes the list: a table, a JSON document, or CSV.

use std::io::{self, Write};

use jiff::Timestamp;
use keysweep_aws::LastUsed;
use serde::Serialize;

use super::due::days;
use super::gather::{Gathered, Key};
use super::{Format, KeysOptions};
use crate::act::{Acting, Context, Failure};
use crate::report::{self, Layout, csv_cell};
use crate::text::escape_line;

pub(super) fn write(
    context: &mut Context<'_>,
    gathered: &Gathered,
    options: &KeysOptions,
    now: Timestamp,
) -> Result<(), Failure> {
    match options.format {
        Format::Text => text(gathered, options, now, context.out)?,
        Format::Json => {
            let document = document(context.acting, gathered, options, now);
            report::write_json(&document, Layout::Indented, &mut context.out)?;
        }
        Format::Csv => csv(gathered, options, now, context.out)?,
    }
    Ok(())
}

fn age(key: &Key, now: Timestamp) -> Option<i64> {
    key.key.created.map(|created| days(created, now))
}

/// The date of a key's last use and its service, without a judgement.
pub(crate) fn used(last_used: Option<&LastUsed>) -> String {
    match last_used {
        None => "not seen".to_owned(),
        Some(LastUsed { at: None, .. }) => "never".to_owned(),
        Some(LastUsed { at: Some(at), service, .. }) => {
            let day = at.strftime("%Y-%m-%d");
            service.as_ref().map_or_else(|| day.to_string(), |service| format!("{day} {service}"))
        }
    }
}

fn text(
    gathered: &Gathered,
    options: &KeysOptions,
    now: Timestamp,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = options.report_name();
    let mut rows: Vec<[String; 6]> = Vec::new();
    for key in &gathered.keys {
        let mut due: Vec<String> = key.due.iter().map(|due| due.text(report)).collect();
        due.extend(key.notes.iter().map(|note| format!("({note})")));
        rows.push([
            key.key.id.clone(),
            key.key.user.clone(),
            key.key.status.as_str().to_lowercase(),
            age(key, now).map_or_else(|| "?".to_owned(), |days| format!("{days} d")),
            used(key.last_used.as_ref()),
            due.join("; "),
        ]);
    }
    for row in &mut rows {
        row.iter_mut().for_each(|cell| *cell = escape_line(cell));
    }
    if !rows.is_empty() {
        let heads = ["key", "user", "status", "age", "last used", "due because"];
        rows.insert(0, heads.map(str::to_owned));
        writeln!(out)?;
        table(&rows, out)?;
    }
    writeln!(out)?;
    writeln!(out, "{}", summary(gathered))?;
    match gathered.root_keys {
        Some(0) => writeln!(out, "The root user has no access key.")?,
        Some(keys) => {
            let what = if keys == 1 { "an access key" } else { "two access keys" };
            writeln!(
                out,
                "The root user has {what}: no policy binds it, and no other identity can manage it. \
                 Sign in as root and delete it under Security credentials."
            )?;
        }
        None => {}
    }
    for note in &gathered.notes {
        writeln!(out, "{}", escape_line(note))?;
    }
    for problem in &gathered.problems {
        writeln!(out, "Not seen: {}", escape_line(problem))?;
    }
    Ok(())
}

fn summary(gathered: &Gathered) -> String {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    };
    let due = gathered.keys.iter().filter(|key| !key.due.is_empty()).count();
    let (keys, users) = (count(gathered.keys.len(), "key"), count(gathered.users, "user"));
    format!("{keys} of {users}, {due} due.")
}

fn table(rows: &[[String; 6]], out: &mut dyn Write) -> io::Result<()> {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            let padding = width + 2 - cell.chars().count();
            line.extend(std::iter::repeat_n(' ', padding));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    account: &'a str,
    caller: &'a str,
    checked_at: String,
    limits: Limits,
    keys: Vec<Row<'a>>,
    root_access_keys: Option<u64>,
    notes: &'a [String],
    problems: &'a [String],
}

#[derive(Serialize)]
struct Limits {
    max_age_days: i64,
    max_idle_days: i64,
}

#[derive(Serialize)]
struct Row<'a> {
    key_id: &'a str,
    user: &'a str,
    status: &'a str,
    created: Option<String>,
    age_days: Option<i64>,
    last_used_seen: bool,
    last_used: Option<Used<'a>>,
    places: &'a [String],
    due: Vec<Reason>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Used<'a> {
    at: String,
    service: Option<&'a str>,
    region: Option<&'a str>,
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
    text: String,
}

fn document<'a>(
    acting: &'a Acting,
    gathered: &'a Gathered,
    options: &KeysOptions,
    now: Timestamp,
) -> Document<'a> {
    let report = options.report_name();
    let row = |key: &'a Key| Row {
        key_id: &key.key.id,
        user: &key.key.user,
        status: key.key.status.as_str(),
        created: key.key.created.map(second),
        age_days: age(key, now),
        last_used_seen: key.last_used.is_some(),
        last_used: key.last_used.as_ref().and_then(|used| {
            let (service, region) = (used.service.as_deref(), used.region.as_deref());
            Some(Used { at: second(used.at?), service, region })
        }),
        places: &key.places,
        due: key
            .due
            .iter()
            .map(|due| Reason { code: due.code(), text: due.text(report) })
            .collect(),
        notes: &key.notes,
    };
    Document {
        schema: 1,
        account: &acting.caller.account,
        caller: &acting.caller.arn,
        checked_at: second(now),
        limits: Limits {
            max_age_days: options.limits.max_age,
            max_idle_days: options.limits.max_idle,
        },
        keys: gathered.keys.iter().map(row).collect(),
        root_access_keys: gathered.root_keys,
        notes: &gathered.notes,
        problems: &gathered.problems,
    }
}

/// RFC 3339 in UTC, to the second.
fn second(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn csv(
    gathered: &Gathered,
    options: &KeysOptions,
    now: Timestamp,
    out: &mut dyn Write,
) -> io::Result<()> {
    let report = options.report_name();
    let head = "key_id,user,status,created,age_days,last_used,last_used_service,last_used_region,\
                places,due,due_text";
    write!(out, "{head}\r\n")?;
    for key in &gathered.keys {
        let used = key.last_used.as_ref();
        let codes: Vec<&str> = key.due.iter().map(super::Due::code).collect();
        let texts: Vec<String> = key.due.iter().map(|due| due.text(report)).collect();
        let at = used.map(|used| used.at.map_or_else(|| "never".to_owned(), second));
        let cells = [
            key.key.id.clone(),
            key.key.user.clone(),
            key.key.status.as_str().to_owned(),
            key.key.created.map(second).unwrap_or_default(),
            age(key, now).map(|days| days.to_string()).unwrap_or_default(),
            at.unwrap_or_default(),
            used.and_then(|used| used.service.clone()).unwrap_or_default(),
            used.and_then(|used| used.region.clone()).unwrap_or_default(),
            key.places.len().to_string(),
            codes.join(" "),
            texts.join("; "),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| csv_cell(&escape_line(cell))).collect();
        write!(out, "{}\r\n", cells.join(","))?;
    }
    Ok(())
}
