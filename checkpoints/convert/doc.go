// Package convert writes a checkpoint anew: in another type, in shards, in eight bits, or for another vocabulary.
package convert
