// Package loopback tells which names of a host always mean the machine itself. A server for this machine alone must
// look at the Host header of a request: a page of any site may let its own name point here, and then read the answers.
//
//	if !loopback.Is(loopback.Name(r.Host)) { // 403
package loopback

import (
	"net"
	"strings"
)

// Name returns the name in host or host:port, as all ways to write it have in common.
func Name(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// Is reports whether a name or an IP address always means the machine itself.
func Is(name string) bool {
	ip := net.ParseIP(name)
	return strings.EqualFold(name, "localhost") || ip != nil && ip.IsLoopback()
}
