//! Checks that the cost is linear for any text: each form of [`FORMS`] at one size and at 8 times
//! that size, compared with as much text without an anchor, in one run. `-- --smoke` takes a
//! 64th of both sizes, once; `-- NAME` runs the forms whose names contain NAME.
//!
//! A form is what somebody would write who wants the scanner to stand still.

#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::io::Write as _;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keysweep::detect::Engine;
use keysweep::rules::RuleSet;
use keysweep::scan::Detector as _;

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Seconds that are measured at least.
const LEAST: f64 = 0.1;

/// Makes a text of about so many bytes.
type Make = fn(usize) -> Vec<u8>;

const FORMS: [(&str, Make); 42] = [
    ("pairs, a line each", |size| pairs(size, "\n", "\n")),
    ("pairs, all on one line", |size| pairs(size, ",", ",")),
    ("secret before its id, a line each", |size| reversed(size, "\n")),
    ("secret before its id, all on one line", |size| reversed(size, " ")),
    ("pairs, 20 kB of one line between", |size| pairs(size, " ", &" x=1;".repeat(4_000))),
    ("ids, then secrets, a line each", |size| listed(size, "\n")),
    ("ids, then secrets, on one line", |size| listed(size, " ")),
    ("one id, then secrets", |size| format!("{} {}", id(1), secrets(size, "\n")).into_bytes()),
    ("ids alone, on one line", |size| many(size, |seed| format!("{} ", id(seed)))),
    ("temporary ids and tokens on one line", |size| many(size, temporary)),
    ("labels", |size| repeated(size, "aws_secret_access_key = ")),
    ("labels of values", |size| many(size, |seed| format!("secret={}\n", secret(seed)))),
    ("pairs in base64, a line each", |size| many(size, |seed| encoded(pair(seed)) + "\n\n")),
    ("pairs in base64 in base64", |size| many(size, |seed| encoded(encoded(pair(seed))) + "\n\n")),
    ("base64 of base64 of many pairs", |size| twice(&pairs(size * 9 / 16, "\n", "\n"))),
    ("gzip of much in base64", |size| many(size, |seed| encoded(packed(seed)) + "\n\n")),
    ("gzip of much in base64 in base64", |size| {
        many(size, |seed| encoded(encoded(packed(seed))) + "\n\n")
    }),
    ("blocks of base64 that grow", |size| repeated(size, &growing())),
    ("escapes", |size| repeated(size, "\\x41\\x4b%49&#65;")),
    ("escapes around pairs", |size| {
        many(size, |seed| format!("\\u0022{}%3D{}&#47;\n", id(seed), secret(seed)))
    }),
    ("AKIA", |size| repeated(size, "AKIA")),
    ("AKIA and blanks", |size| repeated(size, "AKIA ")),
    ("slashes", |size| [b"AKIA".to_vec(), repeated(size, "/")].concat()),
    ("strings joined", |size| repeated(size, "AKIA\"+\"")),
    ("quoted-printable", |size| repeated(size, "AKIA=2F=\n")),
    ("QUtJQ", |size| repeated(size, "QUtJQ")),
    ("414b4941", |size| repeated(size, "414b4941")),
    ("ids in UTF-16", |size| {
        many(size, |seed| {
            id(seed).chars().flat_map(|c| [c, '\0']).collect::<String>() + "\x01\x02\x03"
        })
    }),
    ("strings of UTF-16 apart", |size| {
        many(size, |seed| wide(&id(seed)) + "\x01\x02\x03" + &wide("some string") + "\x7f")
    }),
    ("dumps", |size| dump(&pairs(size / 5, "\n", "\n"))),
    ("lists of numbers", |size| {
        many(size, |seed| {
            let numbers: Vec<String> =
                pair(seed).bytes().map(|byte| format!("0x{byte:02x}")).collect();
            format!("secret = {{{}}};\n", numbers.join(", "))
        })
    }),
    ("numbers that are not text", |size| repeated(size, "secret[] = 73, 65, 0, 255, 1,\n")),
    ("lists of nineteen numbers", |size| repeated(size, &format!("ecret {}\n", "49, ".repeat(19)))),
    ("marks around letters", |size| {
        many(size, |seed| {
            format!("secret=\x1b[31m{}\x1b[0m<b>{}</b>\n", &id(seed)[..9], secret(seed))
        })
    }),
    ("opening tags", |size| repeated(size, "secret <span <mark [0;[0;\n")),
    ("base64 of text near labels", |size| {
        many(size, |seed| {
            format!("secret: {}\n\n", encoded(format!("some text {seed} ").repeat(8)))
        })
    }),
    ("base64 announced, each line longer", |size| {
        repeated(size, &(String::from("base64\n") + &growing().replace('B', "Y")))
    }),
    ("zip archives in base64", |size| {
        many(size, |_| encoded(b"PK\x03\x04\0\0\0\0\x08\0".repeat(40)) + " base64\n\n")
    }),
    ("folded lines", |size| repeated(size, &format!("AKIA{}\n ", "a".repeat(60)))),
    ("escapes of letters", |size| repeated(size, "secret=\\u{41}\\u{4b}\\U00000041%u0041\n")),
    ("rows of 10,000 columns", |size| {
        many(size, |seed| format!("{}{},{}\n", ",".repeat(10_000), id(seed), secret(seed)))
    }),
    ("nested brackets, unclosed quotes", |size| {
        many(size, |seed| format!("{}\"{}:[{{", "[{\"".repeat(20), id(seed)))
    }),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let smoke = args.iter().any(|argument| argument == "--smoke");
    let only: Vec<&String> = args.iter().filter(|argument| !argument.starts_with("--")).collect();
    let (most, least) = if smoke { (64 << 10, 0.0) } else { (4 << 20, LEAST) };
    let engine = Engine::new(&RuleSet::builtin());
    let harmless =
        best(&engine, least, &repeated(most, "the quick brown fox jumps over the lazy dog\n"));
    println!("harmless: {harmless:.4} s for {most} bytes");
    println!("{:40} {:>8} {:>10} {:>10}", "form", "8 times", "ns a byte", "harmless");
    for (name, make) in FORMS {
        if !only.is_empty() && !only.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let (small, large) = (make(most / 8), make(most));
        let (quick, slow) = (best(&engine, least, &small), best(&engine, least, &large));
        let share = large.len() as f64 / small.len() as f64;
        let each = slow * 1e9 / large.len() as f64;
        println!(
            "{name:40} {:>8.1} {each:>10.1} {:>9.0}x",
            slow / quick / share * 8.0,
            slow / harmless
        );
    }
}

/// Seconds a run: as many runs as take `least` together, since the system counts in its own ticks.
fn best(engine: &Engine, least: f64, text: &[u8]) -> f64 {
    let (start, spent) = (Instant::now(), processor());
    let mut runs = 0.0;
    loop {
        std::hint::black_box(engine.whole(text).candidates.len());
        runs += 1.0;
        let elapsed = match (spent, processor()) {
            (Some(before), Some(after)) => (after - before) / 1e9,
            _ => start.elapsed().as_secs_f64(),
        };
        if elapsed >= least {
            return elapsed / runs;
        }
    }
}

/// Nanoseconds that this thread had a processor, if the system has that figure: a ratio must not depend
/// on what else runs.
fn processor() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

fn repeated(size: usize, text: &str) -> Vec<u8> {
    text.bytes().cycle().take(size).collect()
}

/// The concatenated texts that `one` makes of 1, 2, 3 and so on, up to a size in bytes.
fn many(size: usize, one: impl Fn(u64) -> String) -> Vec<u8> {
    let mut text = String::with_capacity(size + 64);
    let mut seed = 0;
    while text.len() < size {
        seed += 1;
        text += &one(seed);
    }
    text.into_bytes()
}

fn pair(seed: u64) -> String {
    format!("id={}\nsecret={}\n", id(seed), secret(seed))
}

fn pairs(size: usize, between: &str, after: &str) -> Vec<u8> {
    many(size, |seed| format!("{}{between}{}{after}", id(seed), secret(seed)))
}

fn reversed(size: usize, between: &str) -> Vec<u8> {
    many(size, |seed| format!("{}{between}{}{between}", secret(seed), id(seed)))
}

fn listed(size: usize, between: &str) -> Vec<u8> {
    let ids = many(size / 3, |seed| format!("{}{between}", id(seed)));
    [ids, secrets(size * 2 / 3, between).into_bytes()].concat()
}

fn secrets(size: usize, between: &str) -> String {
    let text = many(size, |seed| format!("{}{between}", secret(seed)));
    String::from_utf8(text).unwrap_or_default()
}

fn temporary(seed: u64) -> String {
    let token = format!("IQoJb3JpZ2luX2Vj{}", word(seed + (1 << 42), BASE64, 100));
    format!("ASIA{} {} {token} ", word(seed, BASE32, 16), secret(seed))
}

fn wide(text: &str) -> String {
    text.chars().flat_map(|letter| [letter, '\0']).collect()
}

/// As `hexdump -C` shows it.
fn dump(text: &[u8]) -> Vec<u8> {
    let lines = text.chunks(16).enumerate().map(|(at, line)| {
        let digits: String = line.iter().map(|byte| format!("{byte:02x} ")).collect();
        let shown: String = line.iter().map(|&byte| char::from(byte.max(b' '))).collect();
        format!("{:08x}  {digits} |{shown}|\n", at * 16)
    });
    lines.collect::<String>().into_bytes()
}

fn encoded(text: impl AsRef<[u8]>) -> String {
    STANDARD.encode(text)
}

fn twice(text: &[u8]) -> Vec<u8> {
    encoded(encoded(text)).into_bytes()
}

/// A pair and then 3 MB of the beginnings of ids, packed.
fn packed(seed: u64) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let _ = packer.write_all((pair(seed) + &"AKIA ".repeat(600_000)).as_bytes());
    packer.finish().unwrap_or_default()
}

/// Lines of which each second one alone leads to all that stands above.
fn growing() -> String {
    let line = |width: usize| "B".repeat(width) + "\n";
    line(60) + "QUtJQ" + &line(55) + &line(50)
}

fn id(seed: u64) -> String {
    format!("AKIA{}", word(seed, BASE32, 16))
}

fn secret(seed: u64) -> String {
    word(seed + (1 << 40), BASE64, 40)
}

/// Characters from a linear congruential generator (Knuth, MMIX).
fn word(seed: u64, alphabet: &[u8], len: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..len)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(state >> 40) as usize % alphabet.len()])
        })
        .collect()
}
