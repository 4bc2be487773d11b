package metric_test

import (
	"fmt"
	"log"

	"t5train/trainer/metric"
)

func ExampleClassification() {
	m, err := metric.NewClassification([]string{"negative", "positive"})
	if err != nil {
		log.Fatal(err)
	}
	labels, predictions := []int{1, 1, 0, 0}, []int{1, 0, 0, -1}
	for i := range labels {
		if err := m.Add(labels[i], predictions[i]); err != nil {
			log.Fatal(err)
		}
	}
	for _, v := range m.Result()[:2] {
		fmt.Printf("%s %.3f\n", v.Name, v.Value)
	}
	// Output:
	// accuracy 0.500
	// f1 0.500
}
