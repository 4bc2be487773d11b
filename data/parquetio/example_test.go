package parquetio_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"t5train/data/parquetio"
	"t5train/data/table"
)

func Example() {
	set, err := parquetio.Open("../../testdata/sms_spam/*.parquet")
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range set.Columns() {
		fmt.Println(c.Name, c.Type, c.ClassLabels)
	}
	enough := errors.New("enough")
	err = set.Scan(context.Background(), []string{"label"}, func(row int64, cells []table.Cell) error {
		fmt.Println(row, cells[0].Int)
		return enough
	})
	if !errors.Is(err, enough) {
		log.Fatal(err)
	}
	// Output:
	// sms string []
	// label int [ham spam]
	// 0 0
}
