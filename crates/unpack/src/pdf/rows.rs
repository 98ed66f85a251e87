//! Pieces of text in one row of a page.
//!
//! Some programs place each piece of a word separately. Only the widths of letters would show
//! whether a space is between two pieces. So the text is emitted with breaks between them, and once
//! more without, one row per line.

/// The text without breaks in its rows.
#[derive(Default)]
pub(super) struct Rows<'p> {
    bytes: Vec<u8>,
    /// Slant, letter height and row height as written, if the row was placed by itself. The width
    /// of letters may differ.
    place: Option<[&'p [u8]; 4]>,
    /// True if the next piece is placed relative to the page's own corner.
    is_first: bool,
    /// True if the next piece is in another row.
    is_new: bool,
    /// True if a line of the text with breaks has ended.
    is_next: bool,
    has_pieces: bool,
}

impl<'p> Rows<'p> {
    /// Starts a text object.
    pub(super) fn begin(&mut self) {
        self.is_first = true;
    }

    /// Starts a new row.
    pub(super) fn new_row(&mut self) {
        (self.is_new, self.is_first, self.place) = (true, false, None);
    }

    /// Moves the next piece up by `height`.
    pub(super) fn move_by(&mut self, height: &'p [u8]) {
        if self.is_first {
            self.move_to([b"0", b"0", b"1", height]);
        } else if !height.iter().all(|byte| b"0.-+".contains(byte)) {
            self.new_row();
        }
    }

    /// Places the next piece by a matrix, at a height.
    pub(super) fn move_to(&mut self, place: [&'p [u8]; 4]) {
        self.is_new |= self.place != Some(place);
        (self.place, self.is_first) = (Some(place), false);
    }

    /// Ends a line of the text with breaks.
    pub(super) fn end_line(&mut self) {
        self.is_next = true;
    }

    /// Adds shown letters.
    pub(super) fn show(&mut self, letters: &[u8]) {
        if self.is_new || self.is_first {
            self.bytes.push(b'\n');
        } else {
            self.has_pieces |= self.is_next;
        }
        (self.is_new, self.is_first, self.is_next) = (false, false, false);
        self.bytes.extend_from_slice(letters);
    }

    /// The text, if there are rows of several pieces.
    pub(super) fn text(self) -> Option<Vec<u8>> {
        self.has_pieces.then_some(self.bytes)
    }
}
