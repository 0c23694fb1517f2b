package talk

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRefused(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "Worker expected "+r.Header.Get("X-Test"), http.StatusUpgradeRequired)
	}))
	defer s.Close()
	var out bytes.Buffer
	o := Options{URL: strings.Replace(s.URL, "http", "ws", 1), Header: http.Header{"X-Test": {"more"}}, Out: &out}
	clean, err := Talk(t.Context(), o)
	if want := "the server does not open a WebSocket: it answered 426 Upgrade Required: Worker expected more"; clean || err == nil || err.Error() != want {
		t.Errorf("got %v, %v; want %s", clean, err, want)
	}
	if out.Len() > 0 {
		t.Errorf("people are told twice: %s", &out)
	}
	o.JSON = true
	if _, err := Talk(t.Context(), o); err == nil {
		t.Error("no error")
	}
	if want := `"type":"refused","status":426,"body":"Worker expected more\n"}`; !strings.HasSuffix(strings.TrimSpace(out.String()), want) {
		t.Errorf("got %s, want %s", &out, want)
	}
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "ws://" + l.Addr().String()
	l.Close()
	_, err = Talk(t.Context(), Options{URL: url})
	if want := "cannot connect to " + url + ": connection refused"; err == nil || err.Error() != want && !strings.Contains(err.Error(), "actively refused") {
		t.Errorf("got %v, want %s", err, want)
	}
}
