//go:build linux

#include "go_asm.h"
#include "textflag.h"

// func code() (entry, loop *[codeBytes]byte)
TEXT ·code(SB), NOSPLIT, $0-16
	MOVD $entry<>(SB), R0
	MOVD R0, entry+0(FP)
	MOVD $loop<>(SB), R0
	MOVD R0, loop+8(FP)
	RET

// entry and loop are what they are in loop_amd64.s.
TEXT entry<>(SB), NOSPLIT|NOFRAME, $0
	MOVD ZR, R30
	MOVD R0, R5             // the loader's function to call at the end
	MOVD 0(RSP), R1         // argc
	ADD  $8, RSP, R2        // argv
	MOVD ZR, R3
	MOVD ZR, R4
	MOVD RSP, R6            // the end of the stack
	MOVD $const_loopAddress, R0
	MOVD $const_importsAddress, R8
	MOVD 0(R8), R8
	CALL (R8)
	BRK

TEXT loop<>(SB), NOSPLIT|NOFRAME, $0
	MOVD $const_frameAddress, R19
	MOVD $64, R8            // write
	MOVD $const_socket, R0
	MOVD $(const_importsAddress+8), R1
	MOVD $const_helloBytes, R2
	SVC

next:
	MOVD $63, R8            // read
	MOVD $const_socket, R0
	MOVD R19, R1
	MOVD $const_frameBytes, R2
	SVC
	CMN  $4, R0             // a signal came: EINTR
	BEQ  next
	CMP  $const_frameBytes, R0
	BNE  end
	LDP  8(R19), (R0, R1)
	LDP  24(R19), (R2, R3)
	LDP  40(R19), (R4, R5)
	LDP  56(R19), (R6, R7)
	MOVD 0(R19), R9
	CALL (R9)
	MOVD R0, 0(R19)
	MOVD $64, R8            // write
	MOVD $const_socket, R0
	MOVD R19, R1
	MOVD $8, R2
	SVC
	B    next

end:
	MOVD $94, R8            // exit_group
	MOVD ZR, R0
	SVC
	BRK
