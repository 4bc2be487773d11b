package inspect_test

import (
	"context"
	"fmt"
	"log"

	"t5train/data/inspect"
	"t5train/data/parquetio"
	"t5train/data/tokenizer"
)

// Describe measures the texts of a data set and counts its labels.
func ExampleDescribe() {
	set, err := parquetio.Open("../../testdata/sms_spam/validation-00000-of-00001.parquet")
	if err != nil {
		log.Fatal(err)
	}
	roles, err := inspect.FindRoles(set.Columns(), inspect.Roles{})
	if err != nil {
		log.Fatal(err)
	}
	d, err := inspect.Describe(context.Background(), set, inspect.DescribeOptions{Roles: roles,
		Measure: inspect.Measure{Tokenizer: tokenizer.ByT5(), MaxInput: 512, MaxTarget: 128}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Rows, "rows,", d.Labels[0].Classes)
	fmt.Println(d.Lengths[0].Column, d.Lengths[0].Tokens, "tokens")
	// Output:
	// 557 rows, [{ham 480} {spam 77}]
	// sms 44191 tokens
}
