// Package bench measures how fast this machine trains, generates and tokenizes, and plans runs on several machines.
package bench
