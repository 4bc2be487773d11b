package request_test

import (
	"fmt"

	"t5train/trainer/serve/request"
)

// An object keeps its first mistake until Finish.
func ExampleObject() {
	o, err := request.Parse([]byte(`{"num_beams": 4, "tempratur": 0.5}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(o.Integer("num_beams", 1, 1, 64))
	fmt.Println(o.Finish())
	// Output:
	// 4
	// unknown field "tempratur": want only "num_beams"
}
