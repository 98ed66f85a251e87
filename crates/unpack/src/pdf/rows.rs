//! Pieces of text that stand in one row of a page.
//!
//! Some programs place each piece of a word anew. Whether there is a space between two of them only
//! the widths of letters could tell: so the text is given with a break between them, and once more
//! without, a row a line.

/// The text without breaks in its rows.
#[derive(Default)]
pub(super) struct Rows<'p> {
    bytes: Vec<u8>,
    /// Slant, height of letters and height of the row as they are written, if it was placed by itself.
    /// How wide letters are drawn may differ.
    place: Option<[&'p [u8]; 4]>,
    /// What follows is placed from the page's own corner.
    is_first: bool,
    /// What follows stands in another row.
    is_new: bool,
    /// A line of the text with breaks has ended.
    is_next: bool,
    has_pieces: bool,
}

impl<'p> Rows<'p> {
    /// A text object begins.
    pub(super) fn begin(&mut self) {
        self.is_first = true;
    }

    /// What follows stands in another row.
    pub(super) fn new_row(&mut self) {
        (self.is_new, self.is_first, self.place) = (true, false, None);
    }

    /// What follows is moved up by so much.
    pub(super) fn move_by(&mut self, height: &'p [u8]) {
        if self.is_first {
            self.move_to([b"0", b"0", b"1", height]);
        } else if !height.iter().all(|byte| b"0.-+".contains(byte)) {
            self.new_row();
        }
    }

    /// What follows is placed by a matrix, and at a height.
    pub(super) fn move_to(&mut self, place: [&'p [u8]; 4]) {
        self.is_new |= self.place != Some(place);
        (self.place, self.is_first) = (Some(place), false);
    }

    /// A line of the text with breaks ends.
    pub(super) fn end_line(&mut self) {
        self.is_next = true;
    }

    /// Letters are shown.
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
