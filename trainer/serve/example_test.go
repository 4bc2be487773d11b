package serve_test

import (
	"fmt"
	"net/http"

	"t5train/checkpoints"
	"t5train/trainer/serve"
)

// A program that has a server of its own answers below /t5/ with a model.
func Example() {
	folder, _, err := checkpoints.Open("runs/quickstart")
	if err != nil {
		fmt.Println("train it first:", err)
		return
	}
	model, err := serve.New(folder, serve.Options{Hosts: []string{"t5.example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()
	http.Handle("/t5/", http.StripPrefix("/t5", model))
	fmt.Println(http.ListenAndServe("localhost:8080", nil))
}
