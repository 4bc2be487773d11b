// Command server has a server of its own, which answers below /t5/ with a model:
//
//	go run ./examples/server runs/quickstart localhost:8080
//	curl localhost:8080/t5/v1/classify -H 'Content-Type: application/json' -d '{"inputs": ["You have won"]}'
package main

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"

	"t5train/checkpoints"
	"t5train/trainer/serve"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: server CHECKPOINT ADDRESS")
	}
	handler, closeModel, err := newHandler(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer closeModel()
	if err := http.ListenAndServe(os.Args[2], handler); !errors.Is(err, http.ErrServerClosed) {
		log.Print(err)
	}
}

// newHandler returns the routes of the server.
func newHandler(checkpoint string) (h http.Handler, closeModel func(), err error) {
	folder, how, err := checkpoints.Open(checkpoint)
	if err != nil {
		return nil, nil, err
	}
	model, err := serve.New(folder, serve.Options{})
	if err != nil {
		return nil, nil, err
	}
	routes := http.NewServeMux()
	routes.Handle("/t5/", http.StripPrefix("/t5", model))
	routes.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "a T5 answers below /t5/: %s\n", how)
	})
	return routes, func() { model.Close() }, nil
}
