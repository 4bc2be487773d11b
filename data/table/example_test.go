package table_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"t5train/data/table"
)

func ExampleRead() {
	file := strings.NewReader("text,stars\nGood.,5\nBad.,1\n")
	input := table.Input{Path: "reviews.csv", Format: table.CSV}
	err := table.Read(context.Background(), file, input, table.ReadOptions{},
		func(r table.Row) error {
			fmt.Println(r.Line, r.Fields[0].Cell.Str, r.Fields[1].Cell.Str)
			return nil
		})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 Good. 5
	// 3 Bad. 1
}
