package predict

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"t5train/data/importer"
)

// ParquetOf returns what [AnswerFile.Finish] needs to write a file of parquet: the columns of Row by its tags, filled with the
// rows of each line.
func ParquetOf[Line, Row any](rows func(Line) []Row) func(lines io.ReadSeeker, w io.Writer) error {
	return func(lines io.ReadSeeker, w io.Writer) error {
		out := parquet.NewGenericWriter[Row](w, importer.WriterOptions()...)
		groups := importer.NewGroups(out)
		for d := json.NewDecoder(lines); ; {
			var line Line
			if err := d.Decode(&line); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return fmt.Errorf("read answer: %w", err)
			}
			for _, row := range rows(line) {
				if err := groups.Write(out.Schema().Deconstruct(nil, row)); err != nil {
					return err
				}
			}
		}
		return out.Close()
	}
}
