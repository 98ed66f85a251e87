//! Compressed streams and records after a short header: Avro, Kafka, HTTP, network captures,
//! Android backups, gzip inside a binary; and drawings and RTF, whose texts are in pieces. Each is
//! made byte by byte according to its specification.

use super::damage::assert_copies_are_harmless;
use super::holds_a_pair;
use crate::support::compress::{deflate, gzip, zlib};
use crate::support::{Keys, Pair, Project};

/// LZMA in a file of lzip: the properties and sizes that the older form has before it left out.
const LZIP: &str = "import lzma, sys; text = open(sys.argv[1], 'rb').read(); out = open(sys.argv[2], 'wb')
for part in text[:9], text[9:]:
    packed = lzma.compress(part, lzma.FORMAT_ALONE, filters=[{'id': lzma.FILTER_LZMA1, 'dict_size': 1 << 16}])
    out.write(b'LZIP\\x01\\x10' + packed[13:] + bytes(20))";

fn lzip(text: &[u8]) -> Vec<u8> {
    let project = Project::new();
    project.file("text", text).file("pack.py", LZIP).shell("python3 pack.py text packed", "");
    std::fs::read(project.at("packed")).expect("made")
}

/// The output of `compress` for a short text in which nothing occurs twice: a code for each letter.
fn compress(text: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x1f\x9d\x90".to_vec();
    for group in text.chunks(8) {
        let bits = group.iter().rev().fold(0u128, |bits, &byte| bits << 9 | u128::from(byte));
        bytes.extend(&bits.to_le_bytes()[..(group.len() * 9).div_ceil(8)]);
    }
    bytes
}

fn varint(number: usize) -> Vec<u8> {
    let (mut rest, mut bytes) = (number << 1, Vec::new());
    while rest > 0x7f {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

fn counted(bytes: &[u8]) -> Vec<u8> {
    [varint(bytes.len()), bytes.to_vec()].concat()
}

/// Literals alone: nothing of a key occurs twice.
fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![bytes.len() as u8 | 0x80, (bytes.len() >> 7) as u8];
    for chunk in bytes.chunks(60) {
        out.push((chunk.len() as u8 - 1) << 2);
        out.extend(chunk);
    }
    out
}

/// In blocks, as Java packs them.
fn xerial(bytes: &[u8]) -> Vec<u8> {
    let blocks = bytes.chunks(50).map(|block| {
        let block = snappy(block);
        [&u32::try_from(block.len()).expect("short").to_be_bytes()[..], &block].concat()
    });
    [&b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"[..], &blocks.collect::<Vec<_>>().concat()].concat()
}

/// A file of three records, the pair in the second; each has values of many types before it.
fn avro(pair: &Pair, codec: &str) -> Vec<u8> {
    let schema = r#"{"type": "record", "name": "R", "namespace": "a.b", "fields": [
        {"name": "n", "type": "int"}, {"name": "f", "type": ["null", "double"]},
        {"name": "list", "type": {"type": "array", "items": "boolean"}},
        {"name": "map", "type": {"type": "map", "values": "long"}},
        {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["x", "y"]}},
        {"name": "sum", "type": {"type": "fixed", "name": "F", "size": 2}},
        {"name": "access_key", "type": "string"}, {"name": "secret_key", "type": "bytes"},
        {"name": "next", "type": ["null", "a.b.R"]}]}"#;
    let record = |id: &str, secret: &str| {
        [
            &varint(300)[..],
            &[2, 0, 0, 0, 0, 0, 0, 0, 0],
            &[4, 1, 0, 0],
            &[[2].to_vec(), counted(b"k"), varint(7), vec![0]].concat(),
            &[2, 0xff, 0xfe],
            &counted(id.as_bytes()),
            &counted(secret.as_bytes()),
            &[0],
        ]
        .concat()
    };
    let records =
        [record("one", "two"), record(&pair.id, &pair.secret), record("three", "")].concat();
    let block = match codec {
        "deflate" => deflate(&records),
        "snappy" => [&snappy(&records)[..], &[0; 4]].concat(),
        _ => records,
    };
    let metadata = [
        &varint(2)[..],
        &counted(b"avro.schema"),
        &counted(schema.as_bytes()),
        &counted(b"avro.codec"),
        &counted(codec.as_bytes()),
        &[0],
    ];
    let sync = [7; 16];
    let count = varint(3);
    [&b"Obj\x01"[..], &metadata.concat(), &sync, &count, &counted(&block), &sync].concat()
}

/// A batch of one record; one in clear text is before it.
fn kafka(pair: &Pair, codec: u8, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let batch = |codec: u8, records: &[u8]| {
        let body = [
            &[0, 0, 0, 0, 2, 1, 2, 3, 4, 0, codec][..],
            &[0; 4],
            &[1; 16],
            &[0; 14],
            &[0, 0, 0, 1],
            records,
        ];
        let body = body.concat();
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        [&[0; 8][..], &length, &body].concat()
    };
    let value = format!("{{\"key\": \"{}\", \"secret\": \"{}\"}}", pair.id, pair.secret);
    let record = counted(&[&[0, 0, 0, 1][..], &counted(value.as_bytes()), &[0]].concat());
    [batch(0, b"\x10nothing "), batch(codec, &pack(&record)), vec![0; 100]].concat()
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nServer: x\r\n{headers}\r\n\r\n").as_bytes(), body].concat()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let chunks = body
        .chunks(50)
        .map(|chunk| [format!("{:x};ext=1\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    [chunks.collect::<Vec<_>>().concat(), b"0\r\n\r\n".to_vec()].concat()
}

/// Packets of one connection over Ethernet, in this order; each is a place and its bytes.
fn packets(segments: &[(u32, &[u8])]) -> Vec<Vec<u8>> {
    let packet = |(sequence, bytes): &(u32, &[u8])| {
        let tcp = [
            &[0xc0, 0, 0, 80][..],
            &sequence.wrapping_add(u32::MAX - 20).to_be_bytes(),
            &[0, 0, 0, 0, 0x50, 0x18, 4, 0, 0, 0, 0, 0],
            bytes,
        ];
        let tcp = tcp.concat();
        let length = u16::try_from(tcp.len() + 20).expect("short").to_be_bytes();
        let ip = [&[0x45, 0][..], &length, &[0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]];
        [&[2; 12][..], &[0x81, 0, 0, 5, 8, 0], &ip.concat(), &tcp, &[0; 3]].concat()
    };
    segments.iter().map(packet).collect()
}

fn pcap(packets: &[Vec<u8>], little: bool) -> Vec<u8> {
    let number =
        |number: u32| if little { number.to_le_bytes() } else { number.to_be_bytes() }.to_vec();
    let mut bytes = [number(0xa1b2_c3d4), vec![0; 16], number(1)].concat();
    for packet in packets {
        let length = u32::try_from(packet.len()).expect("short");
        bytes.extend([vec![0; 8], number(length), number(length), packet.clone()].concat());
    }
    bytes
}

fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    let block = |kind: u32, body: &[u8]| {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let length = u32::try_from(body.len() + 12).expect("short").to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &body, &length].concat()
    };
    let section = [&b"\x4d\x3c\x2b\x1a\x01\0\0\0"[..], &[0xff; 8]].concat();
    let mut bytes = [block(0x0a0d_0d0a, &section), block(1, &[1, 0, 0, 0, 0, 0, 0, 0])].concat();
    for packet in packets {
        let length = u32::try_from(packet.len()).expect("short").to_le_bytes();
        bytes.extend(block(6, &[&[0; 12][..], &length, &length, packet].concat()));
    }
    bytes
}

fn all(pair: &Pair) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let text = pair.env.as_bytes();
    let (one, two) = text.split_at(text.len() - 20);
    let late = u32::try_from(one.len()).expect("short");
    let cut = packets(&[(late, two), (0, one), (0, one), (late - 9, &text[one.len() - 9..])]);
    let packed = gzip(text);
    let body = answer("Content-Encoding: gzip", &packed);
    let half = u32::try_from(body.len() / 2).expect("short");
    let (first, second) = body.split_at(body.len() / 2);
    let answers = packets(&[(0, first), (half, second)]);
    let android = |head: &str, body: &[u8]| [head.as_bytes(), body].concat();
    let mut all = vec![
        ("a.lz", lzip(text), "a"),
        ("a.Z", compress(text), "a"),
        ("null.avro", avro(pair, "null"), "(records)"),
        ("deflate.avro", avro(pair, "deflate"), "(records)"),
        ("snappy.avro", avro(pair, "snappy"), "(records)"),
        ("a.log", kafka(pair, 1, |bytes| gzip(bytes)), "(batch)"),
        ("b.log", kafka(pair, 2, snappy), "(batch)"),
        ("c.log", kafka(pair, 2, xerial), "(batch)"),
        ("gzip.http", body, "(body)"),
        ("zlib.http", answer("content-encoding: deflate", &zlib(text)), "(body)"),
        ("raw.http", answer("Content-Encoding: deflate", &deflate(text)), "(body)"),
        (
            "chunks.http",
            answer("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", &chunked(&packed)),
            "(body)",
        ),
        (
            "two.http",
            [
                answer("Content-Length: 2", b"{}"),
                answer(
                    &format!("Content-Encoding: gzip\r\nContent-Length: {}", packed.len()),
                    &packed,
                ),
                answer("Content-Length: 2", b"{}"),
            ]
            .concat(),
            "(body)",
        ),
        ("little.pcap", pcap(&cut, true), "connection 1"),
        ("big.pcap", pcap(&cut, false), "connection 1"),
        ("a.pcapng", pcapng(&cut), "connection 1"),
        ("gzip.pcap", pcap(&answers, true), "connection 1"),
        ("a.ab", android("ANDROID BACKUP\n5\n1\nnone\n", &zlib(text)), "(backup.tar)"),
        ("b.ab", android("ANDROID BACKUP\n1\n0\nnone\n", text), "(backup.tar)"),
        ("a.bin", [&[0; 100][..], &packed, &[9; 100], &gzip(b"other")].concat(), "(gzip at 100)"),
    ];
    all.extend(pieces(pair));
    all
}

/// Texts whose pieces are parts of a key.
fn pieces(pair: &Pair) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let (one_id, two_id) = pair.id.split_at(7);
    let (one_secret, two_secret) = pair.secret.split_at(13);
    let rtf = format!(
        "{{\\rtf1{{\\fonttbl{{\\f0 A;}}}}Access key: {{\\b {one_id}}}{{\\insrsid9 {two_id}}}\\par \
         Secret key: {one_secret}\r\n{{\\insrsid8\\'{:02x}{}}}\\par}}",
        two_secret.as_bytes()[0],
        &two_secret[1..]
    );
    let svg = format!(
        "<?xml version=\"1.0\"?>\n<svg><text><tspan>access key: </tspan><tspan>{}</tspan></text>\
         <text>secret key: <tspan>{one_secret}</tspan><tspan>{two_secret}</tspan></text></svg>",
        pair.id
    );
    let page = format!("%3Cx%20a%3D%22{}%22%20b%3D%22secret%3D{}%22%3E", pair.id, pair.secret);
    let page = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        deflate(page.as_bytes()),
    );
    vec![
        ("a.rtf", rtf.into_bytes(), "(text)"),
        ("a.svg", svg.into_bytes(), "(text)"),
        (
            "a.drawio",
            format!("<mxfile>\n<diagram id=\"x\">{page}</diagram>").into_bytes(),
            "(page)",
        ),
    ]
}

#[test]
fn what_is_packed_or_in_pieces_is_found() {
    let mut keys = Keys::new("streams");
    for (name, bytes, member) in all(&keys.pair()) {
        let cuts = [5, 20, bytes.len() / 2, bytes.len() - 9];
        holds_a_pair(name, &bytes, &format!("[\"{name}\",\"{member}\""), &cuts);
    }
}

/// A text that only begins like one of these is scanned as text; a method that is not read, or
/// encryption, is counted.
#[test]
fn what_is_not_read_of_a_stream_is_reported() {
    let mut keys = Keys::new("streams that are not read");
    let pair = keys.pair();
    let env = pair.env.as_bytes();
    for (name, bytes, counted) in [
        ("a.avro", [&b"Obj\x01"[..], env].concat(), None),
        ("b.avro", [&avro(&pair, "lzo")[..], env].concat(), Some("Avro")),
        ("a.http", answer("Content-Encoding: gzip", env), None),
        (
            "b.http",
            [answer("Content-Encoding: br", b"\xff\xfe\x80"), env.to_vec()].concat(),
            Some("Brotli"),
        ),
        ("a.pcap", [&b"\xd4\xc3\xb2\xa1"[..], env].concat(), None),
        ("a.rtf", [&b"{\\rtf1 }}}}\\"[..], env].concat(), None),
        ("a.svg", [&b"<svg <tspan"[..], env].concat(), None),
        ("a.drawio", [&b"<mxfile><diagram>AAAA</diagram>"[..], env].concat(), None),
        ("a.bin", [&b"\0\x1f\x8b\x08\0\0\0\0\0\0\0\0\n"[..], env].concat(), None),
    ] {
        let project = Project::new();
        project.file(name, &bytes);
        let ran = project.keysweep(["scan", "--format", "json"]).run().exits(1);
        let report = ran.json();
        assert_eq!(report["findings"][0]["rule"], "aws-access-key", "{name}");
        let left_out = &report["coverage"]["left_out"]["not_opened"];
        let expected = counted.map(|form| serde_json::json!({ form: 1 }));
        assert_eq!(
            left_out.as_object().cloned(),
            expected.and_then(|it| it.as_object().cloned()),
            "{name}"
        );
    }
    let project = Project::new();
    project.file("a.ab", b"ANDROID BACKUP\n5\n1\nAES-256\nsalt");
    let ran = project.keysweep(["scan", "--format", "json"]).run().exits(0);
    assert_eq!(ran.json()["coverage"]["left_out"]["encrypted"], 1);
}

/// Any change of any byte leaves a text that is read to its end, in bounded time.
#[test]
fn no_damage_to_a_stream_causes_a_panic() {
    let mut keys = Keys::new("damage to streams");
    for (name, bytes, _) in all(&keys.pair()) {
        assert_copies_are_harmless(name, &bytes, 100, &mut keys);
    }
}
