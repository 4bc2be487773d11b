// Package plan predicts how fast a cluster trains a model, from what one machine measures.
//
// A step of a rank is the time of its micro-batches, of the reduction of gradients that they do not hide, and of the
// update:
//
//	step = m T(t) + R + max(W / buckets, W - 2/3 T(t)) + U(t)
//
//	m    micro-batches of the rank: those of the step divided by the ranks
//	T(t) forward and backward pass of a micro-batch on t threads, of which the backward pass is two thirds
//	U(t) the update
//	R    work on gradients: each rank receives its part of them from all others, adds it up, and receives the other
//	     sums, three times G (n-1)/n bytes in all, at the measured rate; it takes time from the threads that compute
//	W    time on the network: 2 G r (N-1)/N bytes leave a node of r ranks, and as many arrive
//	G    bytes of the gradients, n ranks on N nodes
//
// T and U are as measured. Between and beyond the measured numbers of threads they follow from the nearest smaller one
// by Amdahl's law: a part that threads do not share, and one that they do.
package plan
