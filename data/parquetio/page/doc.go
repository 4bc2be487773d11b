// Package page decodes the pages of a Parquet column chunk to cells, one at a time, straight from the bytes of the
// page.
//
//	file := page.File{ReaderAt: f, Size: size, Limits: limits}
//	cells, err := file.Chunk(&meta.RowGroups[0], leaf, &column, new(page.Expander))
//	for cells.More() {
//		cell, err := cells.Next()
//	}
//
// Nothing is allocated on what a page or a header claims: metadata is walked and bounded before it is decoded (see
// [Decode]), and a page, a cell and the list of a row may not exceed the [Limits].
package page
