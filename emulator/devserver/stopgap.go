package devserver

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"
)

// Stopgap answers at an address while no program serves there.
type Stopgap struct{ http *http.Server }

// Hold answers requests with 503 at listeners that files stand for.
func Hold(to *Log, files []*os.File) *Stopgap {
	s := &Stopgap{&http.Server{ErrorLog: log.New(&httpLog{log: to}, "", 0), Handler: http.HandlerFunc(unavailable)}}
	for _, f := range files {
		if l, err := net.FileListener(f); err == nil {
			go s.http.Serve(l)
		}
	}
	return s
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "0")
	w.Header().Set("Connection", "close")
	http.Error(w, "The program has ended, and starts again when its source changes. See the terminal.", http.StatusServiceUnavailable)
}

// Release stops answering, for a program that is about to serve.
func (s *Stopgap) Release() {
	ctx, cancel := context.WithTimeout(context.Background(), maxFlush)
	defer cancel()
	s.http.Shutdown(ctx)
	s.http.Close()
}
