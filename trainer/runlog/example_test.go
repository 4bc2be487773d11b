package runlog_test

import (
	"fmt"

	"t5train/trainer/runlog"
)

// A line that a killed process has cut off is counted and left out.
func ExampleParseHistory() {
	history := runlog.ParseHistory([]byte(`{"kind":"train","step":100,"loss":0.75}
{"kind":"eval","step":100,"metrics":{"accuracy":0.5}}
{"kind":"train","step":2`))
	fmt.Println(history.Train[0].Loss, history.Eval[0].Metrics["accuracy"], history.Skipped)
	// Output: 0.75 0.5 1
}
