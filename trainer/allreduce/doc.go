// Package allreduce lets several processes, the ranks, train one model: each computes the gradients of its part of a
// step's micro-batches, and all of them add the same sum to the same weights.
//
//	mpirun -n 4 t5train pretrain --config my.yaml --set train.accumulate=4
//
// Transport and start are those of MPI, which clusters have. Programs that are built with the tag mpi open its library,
// when a launcher has started several of them: Open MPI from version 2, and MPICH with its relatives. In all others
// Open fails, and says how to get such a program.
//
// A nil *Group is that of a process on its own, so whoever works with one needs no second path: it has one rank, and
// what it exchanges comes back.
package allreduce
