//! Keys in rows and columns.

use super::draft::{Draft, plain_role, spelled};
use super::names::{Name, Place, Style, stemmed};
use super::random::Random;
use super::stems::STEMS;

/// A column: the words of its heading and its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// The half of a key, and of which one of the row.
    Id(usize),
    Secret(usize),
    Foreign,
    Title,
    Region,
    Hash,
    Date,
}

/// Headings and rows.
struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

const FOREIGN: [&str; 6] =
    ["password", "api token", "github token", "db password", "session secret", "webhook secret"];

/// Names of the columns, in a random order.
fn columns(random: &mut Random, draft: &mut Draft) -> Vec<(Name, Cell)> {
    let role = plain_role(random);
    let mut columns = vec![(Name::new("name"), Cell::Title)];
    if random.chance(15) {
        draft.has("two keys a row");
        let place = *random.pick(&[Place::Prefix, Place::Suffix]);
        for (index, stem) in [["prod", "dev"], ["old", "new"], ["source", "target"]]
            [random.below(3)]
        .into_iter()
        .enumerate()
        {
            columns.push((stemmed(stem, place, role.id), Cell::Id(index)));
            columns.push((stemmed(stem, place, role.secret), Cell::Secret(index)));
        }
    } else {
        columns.push((Name::new(role.id), Cell::Id(0)));
        columns.push((Name::new(role.secret), Cell::Secret(0)));
    }
    for (name, cell) in [("region", Cell::Region), ("sha1", Cell::Hash), ("created", Cell::Date)] {
        if random.chance(35) {
            columns.push((Name::new(name), cell));
        }
    }
    if random.chance(30) {
        draft.has("another service's secret");
        let name = *random.pick(&FOREIGN);
        columns.push((Name::new(name), Cell::Foreign));
    }
    if random.chance(50) {
        draft.has("shuffled");
        random.shuffle(&mut columns);
    }
    columns
}

fn row(random: &mut Random, draft: &mut Draft, columns: &[(Name, Cell)]) -> Vec<String> {
    let absent = random.chance(8);
    let keys: Vec<(String, String)> = (0..2)
        .filter(|index| columns.iter().any(|(_, cell)| *cell == Cell::Id(*index)))
        .map(|_| {
            if absent {
                draft.has("id without its secret");
                (draft.lone_id(random), String::new())
            } else {
                draft.certain(random)
            }
        })
        .collect();
    let cell = |random: &mut Random, draft: &mut Draft, cell: Cell| match cell {
        Cell::Id(index) => keys[index].0.clone(),
        Cell::Secret(index) => keys[index].1.clone(),
        Cell::Foreign => draft.foreign(random),
        Cell::Title => random.pick(&STEMS).replace(' ', "-"),
        Cell::Region => (*random.pick(&["eu-west-1", "us-east-1", "ap-south-1"])).to_owned(),
        Cell::Hash => random.hex(40),
        Cell::Date => format!("2023-0{}-1{}", random.between(1, 9), random.below(10)),
    };
    columns.iter().map(|(_, one)| cell(random, draft, *one)).collect()
}

fn table(random: &mut Random, draft: &mut Draft, style: Style, most: usize) -> Table {
    let columns = columns(random, draft);
    let count = draft.count(random, most);
    let rows = (0..count).map(|_| row(random, draft, &columns)).collect();
    Table { headings: columns.iter().map(|(name, _)| name.spelled(style)).collect(), rows }
}

const HEADINGS: [Style; 4] = [Style::Words, Style::Snake, Style::Upper, Style::Camel];

/// Lines of cells with something between, the heading first.
pub fn csv(random: &mut Random) -> Draft {
    let separator = *random.pick(&[",", ",", ",", ";", "\t", ", "]);
    let mut draft = Draft::new(if separator == "\t" { "TSV" } else { "CSV" });
    let style = *random.pick(&HEADINGS);
    let table = table(random, &mut draft, style, 12);
    let quoted = random.chance(30);
    let quote = |cell: &String| if quoted { format!("\"{cell}\"") } else { cell.clone() };
    for row in std::iter::once(&table.headings).chain(&table.rows) {
        draft.body += &row.iter().map(quote).collect::<Vec<_>>().join(separator);
        draft.body += if random.chance(10) { "\r\n" } else { "\n" };
    }
    draft
}

/// The CSV file that the console offers for download, some with a password in it.
pub fn console(random: &mut Random) -> Draft {
    let mut draft = Draft::new("CSV, console download");
    draft.body += "User name,Password,Access key ID,Secret access key,Console login link\n";
    let password = random.chance(40);
    if password {
        draft.has("another service's secret");
    }
    for _ in 0..draft.count(random, 4) {
        let password = if password { draft.foreign(random) } else { String::new() };
        let (id, secret) = draft.certain(random);
        let user = random.pick(&STEMS).replace(' ', ".");
        let link = "https://example.signin.aws.amazon.com/console";
        draft.body += &format!("{user},{password},{id},{secret},{link}\n");
    }
    draft
}

/// A table of Markdown.
pub fn markdown(random: &mut Random) -> Draft {
    let mut draft = Draft::new("Markdown, table of records");
    let style = *random.pick(&HEADINGS);
    let table = table(random, &mut draft, style, 6);
    let ticks = random.chance(50);
    let tick = |cell: &String| {
        if ticks && cell.len() > 15 { format!("`{cell}`") } else { cell.clone() }
    };
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    draft.body += "# Accounts\n\n";
    draft.body += &line(table.headings.clone());
    draft.body += &line(vec!["---".to_owned(); table.headings.len()]);
    for row in &table.rows {
        draft.body += &line(row.iter().map(tick).collect());
    }
    draft
}

/// A table with columns of a width.
pub fn aligned(random: &mut Random) -> Draft {
    let mut draft = Draft::new("aligned table");
    let table = table(random, &mut draft, Style::Upper, 6);
    for row in std::iter::once(&table.headings).chain(&table.rows) {
        let cells: Vec<String> = row
            .iter()
            .zip(&table.rows[0])
            .map(|(cell, first)| format!("{cell:width$}", width = first.len().max(20)))
            .collect();
        draft.body += &format!("{}\n", cells.join("  ").trim_end());
    }
    draft
}

/// A table of HTML.
pub fn html(random: &mut Random) -> Draft {
    let mut draft = Draft::new("HTML, table");
    let table = table(random, &mut draft, Style::Words, 5);
    let dense = random.chance(40);
    let mut write = |row: &[String], cell: &str| {
        let between = if dense { "" } else { "\n    " };
        let cells = row.iter().map(|text| format!("{between}<{cell}>{text}</{cell}>"));
        draft.body += &format!("  <tr>{}</tr>\n", cells.collect::<String>());
    };
    write(&table.headings, "th");
    table.rows.iter().for_each(|row| write(row, "td"));
    draft.body = format!("<table>\n{}</table>\n", draft.body);
    draft
}

/// Rows of SQL.
pub fn sql(random: &mut Random) -> Draft {
    let layout =
        *random.pick(&["SQL, an insert each", "SQL, one insert", "SQL, COPY", "SQL, updates"]);
    let mut draft = Draft::new(layout);
    let table = table(random, &mut draft, Style::Snake, 6);
    let columns = table.headings.join(", ");
    let quoted =
        |row: &[String]| row.iter().map(|cell| format!("'{cell}'")).collect::<Vec<_>>().join(", ");
    let body = &mut draft.body;
    match layout {
        "SQL, an insert each" => {
            for row in &table.rows {
                *body += &format!("INSERT INTO accounts ({columns}) VALUES ({});\n", quoted(row));
            }
        }
        "SQL, one insert" => {
            let gap = *random.pick(&[" ", "\n  "]);
            let rows: Vec<String> =
                table.rows.iter().map(|row| format!("({})", quoted(row))).collect();
            let rows = rows.join(&format!(",{gap}"));
            *body += &format!("INSERT INTO `accounts` ({columns}) VALUES{gap}{rows};\n");
        }
        "SQL, COPY" => {
            *body += &format!("COPY public.accounts ({columns}) FROM stdin;\n");
            for row in &table.rows {
                *body += &format!("{}\n", row.join("\t"));
            }
            *body += "\\.\n";
        }
        _ => {
            for (index, row) in table.rows.iter().enumerate() {
                let sets = table.headings.iter().zip(row);
                let sets: Vec<String> =
                    sets.map(|(name, cell)| format!("{name} = '{cell}'")).collect();
                *body += &format!("UPDATE accounts SET {} WHERE id = {index};\n", sets.join(", "));
            }
        }
    }
    draft
}

/// Rows of settings: a name and its value, as in a table of options.
pub fn options(random: &mut Random) -> Draft {
    let mut draft = Draft::new("SQL, rows of options");
    let role = plain_role(random);
    let stem = *random.pick(&STEMS);
    let style = *random.pick(&[Style::Snake, Style::Camel, Style::Kebab]);
    let (id, secret) = draft.certain(random);
    let mut rows = vec![
        (stemmed(stem, Place::Prefix, role.id).spelled(style), id),
        (stemmed(stem, Place::Prefix, role.secret).spelled(style), secret),
        (spelled("site url", style), "https://example.org".to_owned()),
        (spelled("upload path", style), "/srv/uploads".to_owned()),
    ];
    if random.chance(40) {
        draft.has("mail user");
        rows.push((spelled("mail username", style), draft.lone_id(random)));
    }
    if random.chance(40) && !stem.contains("session") {
        draft.has("another service's secret");
        rows.push((spelled("session secret", style), draft.foreign(random)));
    }
    random.shuffle(&mut rows);
    for (index, (name, value)) in rows.iter().enumerate() {
        draft.body += &format!(
            "INSERT INTO wp_options VALUES ({}, '{name}', '{value}', 'yes');\n",
            index + 90
        );
    }
    draft
}
