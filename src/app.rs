//! config → store → actors → web, in one function that the tests use too.
