package upstream

// listenParams builds the parameters of subscriptions/listen (modern) for the lists that the server says may change;
// nil if there are none, or the server is a legacy one.
func listenParams(version string, h *Hello) []byte {
	if !h.Modern {
		return nil
	}
	var want []byte
	for _, kind := range []string{"tools", "prompts", "resources"} {
		if h.Has(kind, "listChanged") {
			want = append(append(append(want, ',', '"'), kind...), `ListChanged":true`...)
		}
	}
	if want == nil {
		return nil
	}
	b := append([]byte(`{"_meta":`), OwnMeta(version)...)
	b = append(append(b, `,"notifications":{`...), want[1:]...)
	return append(b, "}}"...)
}
