package metric_test

import (
	"context"
	"fmt"
	"log"

	"t5train/trainer/metric"
	"t5train/trainer/metric/texts"
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

func ExampleBootstrap() {
	bleu := texts.New(texts.BLEU{})
	for _, pair := range [][2]string{
		{"A dog runs through the snow.", "A dog runs through the snow."},
		{"Two men are at the table.", "Two men sit at a table."},
		{"A girl in a red dress smiles.", "A smiling girl in a red dress."},
	} {
		if err := bleu.Add(pair[0], []string{pair[1]}); err != nil {
			log.Fatal(err)
		}
	}
	intervals, err := metric.Bootstrap(context.Background(), bleu, 1)
	if err != nil {
		log.Fatal(err)
	}
	for i, v := range bleu.Result() {
		fmt.Printf("%s %.1f (%.1f to %.1f)\n", v.Name, v.Value, intervals[i].Low, intervals[i].High)
	}
	fmt.Println(bleu.Signature())
	// Output:
	// bleu 59.6 (11.3 to 100.0)
	// nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0
}
