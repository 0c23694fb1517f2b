package devserver

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
)

// TestHandshakes: no client that does not come to a request is an error of anybody's.
func TestHandshakes(t *testing.T) {
	cert, err := Certificate(nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, json := range []bool{false, true} {
		log := &Log{Level: LevelLog, JSON: json}
		s, out := serve(t, Options{Log: log, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}, hello)
		addr := s.Addrs()[0].String()
		dial := func(first string) string {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, first)
			if first == "" || first[0] == 0x16 {
				return ""
			}
			answer, _ := bufio.NewReader(c).ReadString('\n')
			return answer
		}
		for range 3 {
			if got := dial("GET / HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.0 400 ") {
				t.Errorf("plain HTTP is answered %q", got)
			}
		}
		dial("")                     // nothing at all
		dial("\x16\x03\x01")         // the beginning of a handshake
		dial("\x00\xff not TLS\r\n") // a port scanner
		dial("SSH-2.0-x\r\n")
		for _, doubts := range []*tls.Config{{ServerName: "localhost"}, {InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}} {
			if c, err := tls.Dial("tcp", addr, doubts); err == nil {
				c.Close()
				t.Error("a client that doubts has no doubts")
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		said := out.String()
		if n := strings.Count(said, "a client asked for http where https is served: the address is "+s.URL()); n != 1 {
			t.Errorf("the hint is given %d times", n)
		}
		if strings.Contains(said, "handshake") || strings.Contains(said, "rror") {
			t.Errorf("logged:\n%s", said)
		}
	}
}
