package hub_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mcphub/hub/hubtest"
)

// benchArguments are those of a call, with two numbers.
const benchArguments = `{"path":"/home/me/notes/%d.md","query":"where the meeting of spring is planned","limit":20,"cursor":"page-%d","options":{"caseSensitive":false,"context":3,"include":["*.md","*.txt"],"exclude":["node_modules","vendor"],"maxBytes":16384,"encoding":"utf-8"},"fields":["title","line","text","modified"],"sort":"newest"}`

// BenchmarkHistory compares calls with and without the history: two hubs take turns, and each turn ends when all that was
// recorded in it is written. Arguments and results have some 300 bytes each. It reports, by the middle of all pairs, how many
// times as long the calls take with it, how many times as much processor time the turn (that of the callers included), and how
// many microseconds of that each recorded call is.
//
//	go test ./hub -run '^$' -bench History -benchtime 15x
func BenchmarkHistory(b *testing.B) {
	const calls = 2000
	script := hubtest.Script{Name: "a", Tools: []string{hubtest.Tool("params")}}
	with := hubtest.StartIn(b, b.TempDir(), hubtest.Config("{}", "a", hubtest.Stdio(b, script))).Ready("a")
	without := hubtest.StartIn(b, b.TempDir(), hubtest.Config(`{"history":{"enabled":false}}`, "a", hubtest.Stdio(b, script))).Ready("a")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	for _, clients := range []int{1, 4, 16} {
		b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
			turn := func(h *hubtest.Hub) (took, cpu time.Duration) {
				callers := make([]*hubtest.Client, clients)
				for i := range callers {
					callers[i] = h.Legacy("/mcp/a", "{}")
				}
				var work sync.WaitGroup
				before := written(b, h)
				began, busy := time.Now(), processor(b)
				for _, caller := range callers {
					work.Go(func() {
						for i := range calls / clients {
							body := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"params","arguments":%s}}`, i+1, fmt.Sprintf(benchArguments, i%100, i))
							if err := send(client, h.URL+"/mcp/a", caller.Header, body); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				work.Wait()
				took = time.Since(began)
				for h == with && written(b, h) < before+calls/clients*clients {
					time.Sleep(100 * time.Millisecond) // seldom: asking costs processor time too
				}
				return took, processor(b) - busy
			}
			turn(with)
			turn(without)
			var times, cpus, each []float64
			for b.Loop() {
				took, cpu := turn(with)
				plain, plainCPU := turn(without)
				times, cpus = append(times, float64(took)/float64(plain)), append(cpus, float64(cpu)/float64(plainCPU))
				each = append(each, float64(cpu-plainCPU)/float64(time.Microsecond)/float64(calls/clients*clients))
			}
			slices.Sort(times)
			slices.Sort(cpus)
			slices.Sort(each)
			b.ReportMetric(times[len(times)/2], "x-time")
			b.ReportMetric(cpus[len(cpus)/2], "x-cpu")
			b.ReportMetric(each[len(each)/2], "cpu-us/record")
		})
	}
}

// written returns how many records the hub has written.
func written(b *testing.B, h *hubtest.Hub) (n int) {
	_, text, _ := strings.Cut(metrics(b, h), "\nmcphub_history_written_total ")
	if _, err := fmt.Sscan(text, &n); err != nil {
		b.Fatal(err)
	}
	return n
}

// processor returns how much time of processors this process has used.
func processor(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func send(client *http.Client, url string, header http.Header, body string) error {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !strings.Contains(string(text), `"result"`)) {
		err = fmt.Errorf("%d %s", resp.StatusCode, text)
	}
	return err
}
