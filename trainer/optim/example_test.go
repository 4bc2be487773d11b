package optim_test

import (
	"fmt"
	"log"

	"t5train/model/kernel"
	"t5train/trainer/optim"
)

// Finds the minimum of (w-3)^2.
func Example() {
	params := []optim.Param{{Name: "w", Shape: []int{1}, Value: []float32{0}}}
	optimizer, err := optim.NewAdamW(optim.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, params,
		kernel.NewWorkers(1))
	if err != nil {
		log.Fatal(err)
	}
	schedule, err := optim.NewSchedule("linear", optim.ScheduleOptions{LR: 0.1, Total: 200})
	if err != nil {
		log.Fatal(err)
	}
	for step := range int64(200) {
		params[0].Grad = []float32{2 * (params[0].Value[0] - 3)}
		if err := optimizer.Step(schedule.LR(step), params); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%.2f\n", params[0].Value[0])
	// Output: 3.00
}
