package infer_test

import (
	"fmt"
	"log"

	"t5train/data/table"
	"t5train/data/task"
	"t5train/data/task/infer"
)

// A row of a text and a label becomes the text that the model reads and the one that it should write.
func Example() {
	columns := []table.Column{
		{Name: "sms", Type: table.TypeString},
		{Name: "label", Type: table.TypeInt, ClassLabels: []string{"ham", "spam"}},
	}
	spec, notes, err := infer.Task(infer.Data{Columns: columns}, task.Spec{Name: task.Classification})
	if err != nil {
		log.Fatal(err)
	}
	examples, err := spec.Train([]table.Cell{{Kind: table.String, Str: "You have won"}, {Kind: table.Int, Int: 1}})
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range notes {
		fmt.Printf("%s: %s\n", n.Key, n.Text())
	}
	fmt.Printf("%q -> %q\n", examples[0].Input, examples[0].Target)
	// Output:
	// label column: label (the only ClassLabel)
	// text column: sms (the only string column)
	// labels: 0 (ham), 1 (spam) (the column's class names)
	// "sms: You have won" -> "spam"
}
