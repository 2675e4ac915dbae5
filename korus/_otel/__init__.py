"""Events as OpenTelemetry spans; needs the extra `otel`. Nothing of korus imports this package by itself."""
