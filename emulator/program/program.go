// Package program makes what serves a Worker.
package program
