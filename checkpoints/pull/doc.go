// Package pull downloads models of the Hugging Face hub into the cache that its own tools keep, in their layout, so
// that these find them too:
//
//	dir, err := pull.Model(ctx, hub.Name{Model: "google/flan-t5-small", Revision: hub.Main}, pull.Options{})
//
// A model appears when all of its files are there: the file that names its commit is written last. A download that
// stopped goes on where it was.
package pull
