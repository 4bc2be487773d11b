// Package serve answers HTTP requests with a model: it generates, classifies, scores and tokenizes, and shows one page to
// try that in a browser.
//
//	folder, _, err := checkpoints.Open("runs/quickstart")
//	server, err := serve.New(folder, serve.Options{})
//	defer server.Close()
//	listener, err := net.Listen("tcp", "127.0.0.1:8080")
//	err = server.Run(ctx, listener)
//
// A Server is an http.Handler too, for a program that has an HTTP server of its own; a prefix of its paths is cut off with
// http.StripPrefix. It has no authentication.
//
// Requests wait in a queue. A worker takes what waits at that moment, inputs of several requests if they ask for the same,
// and computes it as one batch; see queue.go. Nothing is delayed to fill a batch.
package serve
