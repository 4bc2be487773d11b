package report_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"t5train/trainer/report"
)

// A run is read from its folder, and its page written. Of this run there are the configuration and two steps.
func ExampleWritePage() {
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"config.yaml":   "task: {name: classification}\nmodel: {size: small}\ntrain: {steps: 10}\n",
		"metrics.jsonl": `{"kind":"train","step":1,"loss":9.5}` + "\n" + `{"kind":"train","step":2,"loss":8.5}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	runs, err := report.Open(dir)
	if err != nil {
		log.Fatal(err)
	}
	page := report.NewPage(runs, report.Options{})
	for _, fact := range runs[0].Glance.Facts {
		fmt.Println(fact[0]+":", fact[1])
	}
	file, err := os.Create(filepath.Join(dir, "report.html"))
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	fmt.Println("error:", report.WritePage(file, page))
	// Output:
	// task: classification
	// model: small, new weights
	// stopped: 2 of 10 steps
	// error: <nil>
}
