package allreduce

import "strconv"

// Launcher is what started the process, as the environment tells.
type Launcher struct {
	Name string // of the family that the variables belong to; "" is none
	Rank int    // -1 if it does not tell
	Size int    // number of ranks; 0 if it does not tell

	FirstHere bool // the first rank of its machine, or it does not tell
}

// LauncherFrom reads the variables by which launchers tell a process that it is a rank.
func LauncherFrom(getenv func(string) string) Launcher {
	if getenv == nil {
		return Launcher{}
	}
	for _, l := range []struct{ name, rank, size, local string }{
		{OpenMPI, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
		{MPICH, "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"},
		{"PMIx", "PMIX_RANK", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"},
		{"Slurm", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"},
	} {
		rank, noRank := strconv.Atoi(getenv(l.rank))
		size, noSize := strconv.Atoi(getenv(l.size))
		local, noLocal := strconv.Atoi(getenv(l.local))
		first := noLocal != nil || local == 0
		switch {
		case noRank == nil && noSize == nil:
			return Launcher{l.name, rank, size, first}
		case noRank == nil && l.name == "PMIx":
			return Launcher{l.name, rank, 0, first}
		}
	}
	return Launcher{Rank: -1, FirstHere: true}
}

// Several reports whether the process is, or may be, one of several ranks.
func (l Launcher) Several() bool { return l.Name != "" && l.Size != 1 }

// Turn is when the process prints an error that other ranks may have too: 0 is first, for rank 0 and for nobody's
// processes, 1 is for the first rank of another machine, 2 for the others.
func (l Launcher) Turn() int {
	switch {
	case l.Rank <= 0:
		return 0
	case l.FirstHere:
		return 1
	}
	return 2
}
