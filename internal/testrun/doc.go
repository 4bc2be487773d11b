// Package testrun has the small models, data and configurations that the tests of several packages share.
package testrun
