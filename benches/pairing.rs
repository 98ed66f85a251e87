//! Pairing in 20,000 generated texts (`tests/texts`): the pairs that the detector finds, compared with
//! the truth, by layout and by difficulty.
//!
//! `-- --seed N` makes other texts, `--texts N` or `--smoke` (500) fewer of them. `--show N PART` prints N
//! texts with faults whose layout, traits or faults contain PART, with their truth and the findings;
//! `--print N PART` prints any texts. `--calibrate` tries other costs than those of
//! `patterns/pairing.txt`, one after the other, and prints which would be better on these texts.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::collections::BTreeMap;

use keysweep::detect::Engine;
use keysweep::detect::costs::Costs;
use keysweep::finding::{Candidate, Confidence};
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

#[allow(dead_code, missing_docs, unreachable_pub, reason = "shared with the tests")]
#[path = "../tests/texts/all.rs"]
mod texts;

use texts::{Judged, Tally, Text, judge, text};

/// The options of the command line.
struct Args {
    seed: u64,
    texts: u64,
    /// The most faulty texts that are printed.
    show: usize,
    part: String,
    /// Texts without faults as well.
    any: bool,
    calibrate: bool,
}

fn args() -> Args {
    let mut args =
        Args { seed: 1, texts: 20_000, show: 0, part: String::new(), any: false, calibrate: false };
    let mut arguments = std::env::args().skip(1);
    let number = |text: Option<String>| text.and_then(|text| text.parse::<u64>().ok());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seed" => args.seed = number(arguments.next()).expect("--seed takes a number"),
            "--texts" => args.texts = number(arguments.next()).expect("--texts takes a number"),
            "--calibrate" => args.calibrate = true,
            "--smoke" => args.texts = 500,
            "--show" | "--print" => {
                args.any = argument == "--print";
                args.show = number(arguments.next()).expect("--show takes a number") as usize;
                args.part = arguments.next().unwrap_or_default();
            }
            "--bench" => {}
            other => panic!("unknown argument '{other}'"),
        }
    }
    args
}

fn main() {
    let args = args();
    if args.calibrate {
        return calibrate(&args);
    }
    let engine = Engine::new(&RuleSet::builtin());
    let mut all = Tally::default();
    let mut layouts: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut traits: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut lost: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown = 0;
    for index in 0..args.texts {
        let text = text((args.seed << 32) + index);
        let candidates = engine.whole(text.body.as_bytes()).candidates;
        let judged = judge(&text, &candidates);
        all.add(&judged.tally);
        layouts.entry(text.layout).or_default().add(&judged.tally);
        for one in &text.traits {
            traits.entry(one).or_default().add(&judged.tally);
        }
        for fault in &judged.faults {
            if let texts::Fault::Lost { instead, .. } = fault {
                *lost.entry(instead).or_default() += 1;
            }
        }
        if args.show > 0 && shown == args.show {
            break;
        }
        if args.show > 0 && is_asked_for(&text, &judged, &args) {
            shown += 1;
            show(&text, &judged, &candidates);
        }
    }
    if args.show > 0 {
        return;
    }
    println!("{} texts of seed {}", args.texts, args.seed);
    summary(&all, &lost);
    table("layout", &layouts);
    table("trait", &traits);
}

/// The cost function that is minimised: missed keys, plus wrong pairs many times over.
fn badness(costs: &Costs, made: &[Text]) -> usize {
    let engine = Engine::with_costs(&RuleSet::builtin(), costs);
    let mut all = Tally::default();
    for text in made {
        all.add(&judge(text, &engine.whole(text.body.as_bytes()).candidates).tally);
    }
    let found: usize = all.found[Confidence::Medium as usize..].iter().sum();
    let wrong = |at: Confidence| all.wrong[at as usize];
    (all.certain - found) + 2 * wrong(Confidence::Medium) + 20 * wrong(Confidence::High)
}

/// Walks over the table, cost by cost, and keeps what is better; two rounds.
fn calibrate(args: &Args) {
    let made: Vec<Text> = (0..args.texts).map(|index| text((args.seed << 32) + index)).collect();
    let mut costs = Costs::default();
    let mut best = badness(&costs, &made);
    println!("as they are: {best}");
    for _ in 0..2 {
        for (name, cost) in costs.values().to_vec() {
            for other in [cost / 2, cost * 3 / 4, cost * 4 / 3, cost * 2] {
                let tried = costs.with(name, other);
                let bad = badness(&tried, &made);
                if bad < best {
                    println!("{name} {cost} -> {other}: {bad}");
                    (best, costs) = (bad, tried);
                }
            }
        }
    }
}

fn is_asked_for(text: &Text, judged: &Judged, args: &Args) -> bool {
    let part = args.part.to_lowercase();
    let holds = |name: &str| name.to_lowercase().contains(&part);
    (args.any || !judged.faults.is_empty())
        && (holds(text.layout)
            || text.traits.iter().any(|one| holds(one))
            || judged.faults.iter().any(|fault| holds(&format!("{fault:?}"))))
}

fn show(text: &Text, judged: &Judged, candidates: &[Candidate]) {
    println!("=== text {}: {}; {:?}", text.seed, text.layout, text.traits);
    println!("{}", text.body);
    for key in &text.truth.keys {
        println!("--- key {} {} {:?}", key.id, key.secret, key.join);
    }
    println!("--- lone ids {:?}", text.truth.lone_ids);
    println!("--- lone secrets {:?}", text.truth.lone_secrets);
    println!("--- other services' {:?}", text.truth.foreign);
    println!("--- loose {:?}", text.truth.loose);
    for candidate in candidates {
        let id = candidate.credential.key_id.as_deref().unwrap_or("-");
        let secret = candidate.credential.secret.as_ref();
        let secret = secret.map(|secret| String::from_utf8_lossy(secret.expose()));
        let secret = secret.as_deref().unwrap_or("-");
        println!("--- said at {}: {id} {secret}", candidate.confidence.as_str());
    }
    for fault in &judged.faults {
        println!("--- fault {fault:?}");
    }
    println!();
}

const CONFIDENCES: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];

fn summary(all: &Tally, lost: &BTreeMap<&str, usize>) {
    println!("\nof {} keys that are certain, and of the pairs that are said:", all.certain);
    println!("{:16} {:>8} {:>10}", "threshold", "recall", "precision");
    for least in CONFIDENCES {
        let (recall, precision) = (all.recall(least) * 100.0, all.precision(least) * 100.0);
        println!("{:16} {recall:>7.2}% {precision:>9.2}%", least.as_str());
    }
    println!(
        "\n{:16} {:>8} {:>8} {:>9} {:>11}",
        "confidence", "pairs", "wrong", "share", "misordered"
    );
    for at in CONFIDENCES {
        let index = at as usize;
        println!(
            "{:16} {:>8} {:>8} {:>8.2}% {:>11}",
            at.as_str(),
            all.said[index],
            all.wrong[index],
            all.wrong_share(at) * 100.0,
            all.misordered[index]
        );
    }
    println!("\ncertain keys that are lost, and what is said instead: {lost:?}");
    println!(
        "keys by order alone, or tied: {}; found at low {}, medium {}, high {}",
        all.ordered, all.ordered_found[0], all.ordered_found[1], all.ordered_found[2]
    );
    println!("lone ids: {}, not reported {}", all.lone_ids, all.lone_ids_lost);
    println!("lone secrets: {}, not reported {}", all.lone_secrets, all.lone_secrets_lost);
    println!(
        "other services' secrets: {}, reported without an id at low {}, medium {}, high {}",
        all.foreign, all.claimed[0], all.claimed[1], all.claimed[2]
    );
}

fn table(title: &str, rows: &BTreeMap<&str, Tally>) {
    println!(
        "\n{title:34} {:>5} {:>6} {:>8} {:>7} {:>16} {:>11} {:>11} {:>11}",
        "texts", "keys", "≥medium", "high", "wrong l/m/h", "ids lost", "secr. lost", "claimed"
    );
    for (name, tally) in rows {
        let of = |part: usize, whole: usize| format!("{part}/{whole}");
        println!(
            "{name:34} {:>5} {:>6} {:>7.1}% {:>6.1}% {:>16} {:>11} {:>11} {:>11}",
            tally.texts,
            tally.certain,
            tally.recall(Confidence::Medium) * 100.0,
            tally.recall(Confidence::High) * 100.0,
            format!("{}/{}/{}", tally.wrong[0], tally.wrong[1], tally.wrong[2]),
            of(tally.lone_ids_lost, tally.lone_ids),
            of(tally.lone_secrets_lost, tally.lone_secrets),
            of(tally.claimed.iter().sum(), tally.foreign)
        );
    }
}
