package store

import (
	"fmt"
	"sync"
)

// Memory is a folder of databases in memory. The content of a database stays between Close and the
// next Open of its name. The zero value is ready. Several goroutines may use it.
type Memory struct {
	mu      sync.Mutex
	content map[string][]byte // of closed databases
	open    map[string]bool
}

// take returns the content of a database and marks it as open.
func (m *Memory) take(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open[name] {
		return nil, fmt.Errorf("open database %s in memory: it is open already; close it first", name)
	}
	if m.open == nil {
		m.open, m.content = map[string]bool{}, map[string][]byte{}
	}
	content := m.content[name]
	delete(m.content, name)
	m.open[name] = true
	return content, nil
}

// put stores the content of a database and marks it as closed.
func (m *Memory) put(name string, content []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, name)
	if len(content) > 0 {
		m.content[name] = content
	}
}
