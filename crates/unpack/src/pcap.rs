//! Network captures (pcap, pcapng): each direction of a TCP connection becomes one text.
//!
//! Packets split their payload anywhere. Those of a connection are sorted by sequence number;
//! retransmitted bytes are read once.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use super::input::{Input, Random};
use super::{Fault, Members};

/// Limit in bytes of a packet: captures have at most 262,144.
const LARGEST: u64 = 1 << 20;
/// Limit of reassembled connections; further ones are scanned packet by packet.
const MOST: usize = 100_000;

/// True if a text is a capture.
pub(super) fn is_one(head: &[u8]) -> bool {
    match head {
        [0xd4, 0xc3, 0xb2, 0xa1, ..] | [0xa1, 0xb2, 0xc3, 0xd4, ..] => true,
        [0x4d, 0x3c, 0xb2, 0xa1, ..] | [0xa1, 0xb2, 0x3c, 0x4d, ..] => true,
        [0x0a, 0x0d, 0x0d, 0x0a, _, _, _, _, order @ ..] => {
            order.starts_with(b"\x1a\x2b\x3c\x4d") || order.starts_with(b"\x4d\x3c\x2b\x1a")
        }
        _ => false,
    }
}

/// The addresses and ports of one direction.
type Flow = (Vec<u8>, Vec<u8>);

pub(super) fn read(input: Input<'_>, members: &mut dyn Members) -> Result<(), Fault> {
    let bytes = input.random()?;
    let mut flows: BTreeMap<Flow, Vec<Segment>> = BTreeMap::new();
    let mut held = 0;
    let mut packets = Packets::new(&bytes)?;
    while let Some(packet) = packets.next()? {
        let Some((flow, sequence, span)) = tcp(&packet.bytes, packet.link) else { continue };
        if span.is_empty() || flows.len() >= MOST && !flows.contains_key(&flow) {
            continue;
        }
        held += span.len() as u64 + 64;
        members.hold(held)?;
        flows.entry(flow).or_default().push((sequence, packet.bytes[span].to_vec()));
    }
    for (at, (_, segments)) in flows.into_iter().enumerate() {
        let name = format!("connection {}", at + 1);
        members.member(name.as_bytes(), &mut joined(segments).as_slice())?;
    }
    Ok(())
}

/// A sequence number and the bytes from it on.
type Segment = (u32, Vec<u8>);

/// The segments in order, each byte once.
fn joined(mut segments: Vec<Segment>) -> Vec<u8> {
    let first = segments.first().map_or(0, |(sequence, _)| *sequence);
    // Sequence numbers start anywhere and wrap around.
    let place = |sequence: u32| i64::from(sequence.wrapping_sub(first).cast_signed());
    segments.sort_by_key(|(sequence, _)| place(*sequence));
    let mut text = Vec::new();
    let mut next = i64::MIN;
    for (sequence, bytes) in segments {
        let start = place(sequence);
        // Missing bytes leave a mark, so that nothing is joined across the gap.
        if next != i64::MIN && start > next {
            text.push(0);
        }
        let known = usize::try_from((next.max(start) - start).max(0)).unwrap_or(usize::MAX);
        text.extend_from_slice(bytes.get(known..).unwrap_or_default());
        next = next.max(start + bytes.len() as i64);
    }
    text
}

struct Packet {
    bytes: Vec<u8>,
    link: u32,
}

/// The packets of a capture.
struct Packets<'b> {
    bytes: &'b Random<'b>,
    at: u64,
    /// True for pcapng, where the type of a block comes before its length.
    blocks: bool,
    little: bool,
    links: Vec<u32>,
}

impl<'b> Packets<'b> {
    fn new(bytes: &'b Random<'b>) -> Result<Self, Fault> {
        let mut header = [0; 24];
        bytes.range(0, 24).read_exact(&mut header)?;
        let blocks = header[0] == 0x0a;
        let little = if blocks { header[8] == 0x4d } else { header[0] != 0xa1 };
        let mut packets = Self { bytes, at: 0, blocks, little, links: Vec::new() };
        if !blocks {
            packets.at = 24;
            packets.links.push(packets.number(&header[20..]) & 0xffff);
        }
        Ok(packets)
    }

    fn number(&self, bytes: &[u8]) -> u32 {
        let Some(number) = bytes.first_chunk() else { return 0 };
        if self.little { u32::from_le_bytes(*number) } else { u32::from_be_bytes(*number) }
    }

    /// The next packet; a truncated one is the last.
    fn next(&mut self) -> Result<Option<Packet>, Fault> {
        loop {
            let mut header = [0; 16];
            if self.at + 16 > self.bytes.len() {
                return Ok(None);
            }
            self.bytes.read(self.at, &mut header)?;
            if !self.blocks {
                let length = u64::from(self.number(&header[8..]));
                return self.packet(16, length, 16 + length, 0);
            }
            // Each section has its own byte order.
            if header[..4] == [0x0a, 0x0d, 0x0d, 0x0a] {
                self.little = header[8] == 0x4d;
                self.links.clear();
            }
            let length = u64::from(self.number(&header[4..]));
            if length < 12 {
                return Err(Fault::broken("a block is damaged"));
            }
            match self.number(&header) {
                1 => {
                    let link = self.number(&header[8..]) & if self.little { 0xffff } else { !0 };
                    self.links.push(if self.little { link } else { link >> 16 });
                }
                3 => return self.packet(12, length - 12, length, 0),
                6 if length >= 32 => {
                    let interface = self.number(&header[8..]);
                    let mut captured = [0; 4];
                    self.bytes.read(self.at + 20, &mut captured)?;
                    let captured = u64::from(self.number(&captured)).min(length - 32);
                    return self.packet(28, captured, length, interface);
                }
                _ => {}
            }
            self.at += length.next_multiple_of(4);
        }
    }

    /// The packet at `offset` bytes from here; the next one is `step` bytes from here.
    fn packet(
        &mut self,
        offset: u64,
        length: u64,
        step: u64,
        interface: u32,
    ) -> Result<Option<Packet>, Fault> {
        if length > LARGEST {
            return Err(Fault::broken("a packet is damaged"));
        }
        let mut bytes = Vec::new();
        self.bytes.range(self.at + offset, length).read_to_end(&mut bytes)?;
        self.at += if self.blocks { step.next_multiple_of(4) } else { step };
        let link = usize::try_from(interface).ok().and_then(|at| self.links.get(at));
        Ok(Some(Packet { bytes, link: link.copied().unwrap_or(1) }))
    }
}

/// The direction, the sequence number and the range of a TCP packet's payload.
fn tcp(packet: &[u8], link: u32) -> Option<(Flow, u32, Range<usize>)> {
    let mut at = match link {
        // Ethernet, with VLAN tags.
        1 => {
            let mut at = 12;
            while matches!(packet.get(at..at + 2)?, [0x81, 0] | [0x88, 0xa8]) {
                at += 4;
            }
            at + 2
        }
        // Loopback of BSD and macOS, raw IP, and Linux "any" of either version.
        0 | 108 => 4,
        12 | 14 | 101 | 228 | 229 => 0,
        113 => 16,
        276 => 20,
        _ => return None,
    };
    let ip = packet.get(at..)?;
    let (addresses, end) = match ip.first()? >> 4 {
        4 => {
            let header = usize::from(ip[0] & 15) * 4;
            let length = usize::from(u16::from_be_bytes([*ip.get(2)?, *ip.get(3)?]));
            // Fragmented IP packets are not reassembled.
            if *ip.get(9)? != 6 || u16::from_be_bytes([*ip.get(6)?, *ip.get(7)?]) & 0x3fff != 0 {
                return None;
            }
            at += header;
            // The length is 0 if the network card splits outgoing packets.
            (ip.get(12..20)?, if length == 0 { ip.len() } else { length })
        }
        6 => {
            let length = usize::from(u16::from_be_bytes([*ip.get(4)?, *ip.get(5)?]));
            if *ip.get(6)? != 6 {
                return None;
            }
            at += 40;
            (ip.get(8..40)?, if length == 0 { ip.len() } else { 40 + length })
        }
        _ => return None,
    };
    // Ethernet pads short packets.
    let end = packet.len().min(packet.len() - ip.len() + end);
    let segment = packet.get(at..end)?;
    let sequence = u32::from_be_bytes(*segment.get(4..)?.first_chunk()?);
    let start = at + usize::from(*segment.get(12)? >> 4) * 4;
    (start <= end).then(|| ((addresses.to_vec(), segment[..4].to_vec()), sequence, start..end))
}
