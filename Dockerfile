# A static binary in an empty image, run by nobody in particular.
#
#   docker build -t berth .
#   docker run --rm -p 8080:8080 -v "$PWD:/app:ro" berth run /app
#
# An app's own image copies the binary instead:
#
#   COPY --from=berth /berth /berth
#   ENTRYPOINT ["/berth", "run", "/app"]
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/root/berth ./cmd/berth \
 && mkdir -p /out/root/tmp /out/data && chmod 1777 /out/root/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/root/ /
USER 65532:65532
ENV BERTH_DATA=/data
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/berth"]
CMD ["run", "/app"]
