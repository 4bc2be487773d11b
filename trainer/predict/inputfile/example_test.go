package inputfile_test

import (
	"context"
	"fmt"
	"strings"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/trainer/predict/inputfile"
)

// Each row becomes what the model reads, by the task: its prefix, then the column.
func ExampleSource_Read() {
	prefix := "spam"
	source := inputfile.Source{Path: "-", Format: table.CSV, Stdin: strings.NewReader("sms\nsee you at home\n")}
	spec := task.Spec{Name: "classification", Prefix: &prefix, TextColumns: []string{"sms"}}
	err := source.Read(context.Background(), spec, func(in inputfile.Input) error {
		fmt.Println(in.Text)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: spam sms: see you at home
}
