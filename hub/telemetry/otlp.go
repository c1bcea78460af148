package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"mcphub/hub/record"
)

// Exporter sends traces and metrics over OTLP. A nil Exporter does nothing.
type Exporter struct {
	tracer api.Tracer // nil: no traces
	ends   []func(context.Context) error
}

// NewExporter returns an exporter as the environment's OTEL_* variables ask for it, which getenv reads (the official SDK reads
// some of them by itself); nil if they ask for none. Nothing is sent before there is something to send. The error says which
// variable cannot be used.
func NewExporter(ctx context.Context, getenv func(string) string, version string, m *Metrics, log *slog.Logger) (*Exporter, error) {
	wanted := func(signal string) bool {
		endpoint := getenv("OTEL_EXPORTER_OTLP_ENDPOINT") + getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT")
		exporter := getenv("OTEL_" + signal + "_EXPORTER")
		return endpoint != "" && (exporter == "" || exporter == "otlp") && getenv("OTEL_SDK_DISABLED") != "true"
	}
	if !wanted("TRACES") && !wanted("METRICS") {
		return nil, nil //nolint:nilnil // a nil Exporter does nothing
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"} {
		if p := getenv(name); p != "" && p != "http/protobuf" {
			return nil, fmt.Errorf("%s is %q, the hub speaks only http/protobuf: set it to that, and the endpoint to the collector's HTTP port", name, p)
		}
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "mcp-hub"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { // the SDK knows no other way to tell
		log.Warn("telemetry is not sent", "err", err)
	}))
	e := &Exporter{}
	if wanted("TRACES") {
		client, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("export traces: %w", err)
		}
		provider := trace.NewTracerProvider(trace.WithBatcher(client), trace.WithResource(about))
		e.tracer, e.ends = provider.Tracer("mcphub/hub"), append(e.ends, provider.Shutdown)
	}
	if wanted("METRICS") {
		client, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("export metrics: %w", err), e.End(ctx))
		}
		// What Prometheus can read, as it is: the numbers are the same everywhere.
		reader := metric.NewPeriodicReader(client, metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(m.registry))))
		e.ends = append(e.ends, metric.NewMeterProvider(metric.WithReader(reader), metric.WithResource(about)).Shutdown)
	}
	return e, nil
}

// endLimit is how long the end of the hub waits for what has not been sent yet.
const endLimit = time.Second

// End sends what has not been sent yet, for a second at most.
func (e *Exporter) End(ctx context.Context) error {
	if e == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, endLimit)
	defer cancel()
	var errs []error
	for _, end := range e.ends {
		errs = append(errs, end(ctx))
	}
	return errors.Join(errs...)
}

var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// methods are those of MCP, by the kind of what they ask for.
var methods = map[record.Kind]string{
	record.Tool: "tools/call", record.Prompt: "prompts/get", record.Resource: "resources/read", record.Completion: "completion/complete",
}

// Begin begins the span of a call, as part of its client's trace, and returns the trace context for the server; nil if there
// are no traces. The names of spans and attributes are those of OpenTelemetry's conventions for MCP.
func (e *Exporter) Begin(ctx context.Context, c *record.Call, get func(key string) string) (set map[string]string) {
	if e == nil || e.tracer == nil {
		return nil
	}
	ctx = propagator.Extract(ctx, reading(get))
	ctx, span := e.tracer.Start(ctx, methods[c.Kind], api.WithSpanKind(api.SpanKindServer), api.WithTimestamp(c.Time))
	c.Span = span
	carrier := propagation.MapCarrier{}
	propagator.Inject(ctx, carrier)
	return carrier
}

// Done ends the span of a call.
func (e *Exporter) Done(c *record.Call) {
	span, ok := c.Span.(api.Span)
	if !ok {
		return
	}
	if c.Name != "" && c.Kind != record.Resource { // of URIs there are too many for names of spans
		span.SetName(methods[c.Kind] + " " + c.Name)
	}
	span.SetAttributes(
		attribute.String("mcp.method.name", methods[c.Kind]), attribute.String("mcphub.server", c.Server), attribute.String("mcphub.via", string(c.Via)),
		attribute.String("mcphub.outcome", string(c.Outcome)), attribute.Float64("mcphub.server.duration", c.InServer.Seconds()),
	)
	for key, value := range map[string]string{
		"mcp.session.id": c.Session, "user_agent.name": c.Client, "user_agent.version": c.Version, "mcphub.token": c.Token, nameKeys[c.Kind]: c.Name,
	} {
		if key != "" && value != "" {
			span.SetAttributes(attribute.String(key, value))
		}
	}
	if c.Outcome.Failed() {
		span.SetAttributes(attribute.String("error.type", string(c.Outcome)))
		span.SetStatus(codes.Error, string(c.Outcome)) // the error's own text may hold anything
	}
	span.End(api.WithTimestamp(c.Time.Add(c.Took)))
}

var nameKeys = map[record.Kind]string{record.Tool: "gen_ai.tool.name", record.Prompt: "gen_ai.prompt.name", record.Resource: "mcp.resource.uri"}

// reading makes of a function what a propagator reads from.
type reading func(key string) string

// Get implements propagation.TextMapCarrier.
func (r reading) Get(key string) string { return r(key) }

// Set implements propagation.TextMapCarrier; nothing is written here.
func (r reading) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (r reading) Keys() []string { return nil }
