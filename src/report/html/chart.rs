//! Pictures of the whole: how many credentials were added in each year, and how many of which
//! account are in which repository. Patterns and numbers carry the meaning, not colours; tables
//! next to the pictures have the same numbers.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::Page;
use super::choices::{account, repositories};
use crate::finding::{Finding, Status};
use crate::report::exposure::{Exposure, day};
use crate::report::totals::Totals;

/// Maximum number of repositories and accounts of the picture; the others are added up.
const REPOSITORIES: usize = 15;
const ACCOUNTS: usize = 9;
/// Maximum number of years; the first bar has those before, too.
const YEARS: usize = 24;
/// The height of the tallest bar.
const HEIGHT: u64 = 110;
/// Characters of a name.
const NAME: usize = 28;

/// The pictures.
#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Overview {
    years: Option<Years>,
    grid: Option<Grid>,
    tables: Vec<(&'static str, Vec<TableRow>)>,
    /// Findings that no dated commit added.
    undated: u64,
}

/// A name, and its counts: active, at HEAD, in history, canaries.
type TableRow = (String, [String; 4]);

/// A bar for each year.
struct Years {
    width: u64,
    bars: Vec<Bar>,
    description: String,
}

/// A bar, from its bottom to its top.
struct Bar {
    label: String,
    x: u64,
    total: u64,
    active: u64,
    at_head: u64,
    history: u64,
    top: u64,
    parts: Vec<(&'static str, u64, u64)>,
}

/// Accounts and repositories.
struct Grid {
    width: u64,
    height: u64,
    columns: Vec<(u64, String)>,
    rows: Vec<GridRow>,
    description: String,
    /// All of both, for the table.
    accounts: Vec<String>,
}

struct GridRow {
    name: String,
    full: String,
    y: u64,
    /// The place, the side of the square, and the count.
    cells: Vec<(u64, u64, u64)>,
    /// The counts, with zeros.
    counts: Vec<u64>,
}

impl Overview {
    pub(super) fn new(page: &Page<'_>) -> Self {
        let open = page.sorted.iter().copied();
        let open: Vec<&Finding> = open
            .filter(|it| it.suppressed.is_none() && it.verification.status != Status::Canary)
            .collect();
        let (years, undated) = years(&open);
        let tables = Totals::new(page.report).map(|totals| totals.tables());
        let tables = tables.into_iter().flatten().filter(|(_, rows)| !rows.is_empty());
        let named = |rows: Vec<(String, crate::report::totals::Sums)>| {
            rows.into_iter().map(|(name, sums)| (name, sums.columns())).collect()
        };
        Self {
            years,
            grid: Grid::new(&open),
            tables: tables.map(|(heading, rows)| (heading, named(rows))).collect(),
            undated,
        }
    }
}

/// The bars, and the number of findings without a year.
fn years(findings: &[&Finding]) -> (Option<Years>, u64) {
    let mut counts: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    let mut undated = 0;
    for finding in findings {
        let exposure = Exposure::new(finding);
        let Some(first) = exposure.first() else {
            undated += 1;
            continue;
        };
        let year = day(&first.author.date).chars().take(4).collect();
        let kind = match (finding.is_active(), exposure.is_present) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        counts.entry(year).or_default()[kind] += 1;
    }
    // Years without any are bars, too: a gap says something.
    let number = |year: &String| year.parse::<u16>().ok();
    let ends = (counts.keys().find_map(number), counts.keys().rev().find_map(number));
    if let (Some(first), Some(last)) = ends
        && usize::from(last - first) < YEARS
    {
        (first..=last).for_each(|year| {
            counts.entry(format!("{year:04}")).or_default();
        });
    }
    let mut is_cut = false;
    while counts.len() > YEARS
        && let Some((_, before)) = counts.pop_first()
        && let Some(mut first) = counts.first_entry()
    {
        is_cut = true;
        first.get_mut().iter_mut().zip(before).for_each(|(sum, count)| *sum += count);
    }
    let most = counts.values().map(|parts| parts.iter().sum()).max().unwrap_or(0u64);
    let bars: Vec<Bar> = counts
        .into_iter()
        .zip(0..)
        .map(|((year, parts), at)| {
            let label = if is_cut && at == 0 { format!("≤{year}") } else { year };
            Bar::new(label, parts, at, most)
        })
        .collect();
    if bars.is_empty() {
        return (None, undated);
    }
    let words = bars
        .iter()
        .filter(|bar| bar.total > 0)
        .map(|bar| format!("{}: {} ({} only in history)", bar.label, bar.total, bar.history));
    let description = words.collect::<Vec<_>>().join("; ");
    let width = 20 + 40 * bars.len() as u64;
    (Some(Years { width: width.max(300), bars, description }), undated)
}

impl Bar {
    fn new(label: String, [active, at_head, history]: [u64; 3], at: u64, most: u64) -> Self {
        let total = active + at_head + history;
        let tall = |count: u64| match count {
            0 => 0,
            _ => (count * HEIGHT / most.max(1)).max(3),
        };
        let mut bottom = HEIGHT + 20;
        let mut parts = Vec::new();
        for (class, count) in [("active", active), ("head", at_head), ("old", history)] {
            let height = tall(count);
            bottom -= height.min(bottom);
            parts.extend((height > 0).then_some((class, bottom, height)));
        }
        Self { label, x: 14 + 40 * at, total, active, at_head, history, top: bottom, parts }
    }
}

impl Grid {
    /// The grid, if it says more than one number.
    fn new(findings: &[&Finding]) -> Option<Self> {
        let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
        let (mut by_account, mut by_repository) = (BTreeMap::new(), BTreeMap::new());
        for finding in findings {
            let account = account(finding);
            *by_account.entry(account.clone()).or_insert(0) += 1;
            for repository in repositories(finding, &Exposure::new(finding)) {
                *by_repository.entry(repository.clone()).or_insert(0) += 1;
                *counts.entry((repository, account.clone())).or_default() += 1;
            }
        }
        if by_account.len() * by_repository.len() < 2 {
            return None;
        }
        let accounts = largest(&by_account, ACCOUNTS);
        let names = largest(&by_repository, REPOSITORIES);
        let (more_accounts, more_names) =
            (by_account.len() > accounts.len(), by_repository.len() > names.len());
        let column = |account: &str| accounts.iter().position(|known| known == account);
        let row = |name: &str| names.iter().position(|known| known == name);
        let width = accounts.len() + usize::from(more_accounts);
        let mut cells = vec![vec![0; width]; names.len() + usize::from(more_names)];
        for ((repository, account), count) in &counts {
            let row = row(repository).unwrap_or(names.len());
            cells[row][column(account).unwrap_or(accounts.len())] += count;
        }
        let other = |more: bool, all: usize, shown: usize, what: &str| {
            more.then(|| format!("{} other {what}", all - shown))
        };
        let accounts: Vec<String> = accounts
            .iter()
            .cloned()
            .chain(other(more_accounts, by_account.len(), accounts.len(), "accounts"))
            .collect();
        let names: Vec<String> = names
            .iter()
            .cloned()
            .chain(other(more_names, by_repository.len(), names.len(), "repositories"))
            .collect();
        Some(Self::drawn(accounts, &names, cells))
    }

    fn drawn(accounts: Vec<String>, names: &[String], cells: Vec<Vec<u64>>) -> Self {
        let most = cells.iter().flatten().copied().max().unwrap_or(1).max(1);
        let mut words = Vec::new();
        let place = |at: usize| 210 + 44 * at as u64;
        let rows = names.iter().zip(cells).zip(0..).map(|((name, counts), at)| {
            for (account, count) in accounts.iter().zip(&counts).filter(|(_, count)| **count > 0) {
                words.push(format!("{name}, account {account}: {count}"));
            }
            let side = |count: u64| 16 + count.saturating_mul(20) / most;
            let cells = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let cells = cells.map(|(at, count)| (place(at), side(*count), *count)).collect();
            GridRow { name: shortened(name), full: name.clone(), y: 120 + 40 * at, cells, counts }
        });
        let rows: Vec<GridRow> = rows.collect();
        Self {
            width: place(accounts.len()) + 40,
            height: 140 + 40 * rows.len() as u64 - 20,
            columns: accounts.iter().enumerate().map(|(at, it)| (place(at), it.clone())).collect(),
            rows,
            description: words.join("; "),
            accounts,
        }
    }
}

/// The keys with the highest counts, sorted by count.
fn largest(counts: &BTreeMap<String, u64>, most: usize) -> Vec<String> {
    let all: BTreeSet<_> =
        counts.iter().map(|(key, count)| (std::cmp::Reverse(*count), key)).collect();
    all.into_iter().take(most).map(|(_, key)| key.clone()).collect()
}

/// A name without its beginning: the end distinguishes repositories.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    match count > NAME {
        true => format!("…{}", name.chars().skip(count - NAME + 1).collect::<String>()),
        false => name.to_owned(),
    }
}
