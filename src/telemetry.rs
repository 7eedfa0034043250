//! What operators read: decision lines, pretty on a terminal and JSON otherwise.
