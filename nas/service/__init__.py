"""The service: settings → one ASGI app with a REST API and a web page over a store of studies.

settings    what `nas serve` was told
app         settings → the application
server      the application → a server that ends when it is told to
access, headers, bodies   who may ask, what browsers may do, how much may be sent
token_file, admission, login   what callers must know, who knows it, and the form that asks for it
allowed     paths in requests → those that the server may read
problems    errors → problem documents (RFC 9457)
searches    studies → processes that run them and outlive the server
job         one such process
shared      a read → one for all who ask at the same time
views       a stored study → its front and progress, kept as long as nothing changes
known       what was read of one study
events, event_sources   changes of studies → streams for whoever listens
offers      space, devices, limits → what is feasible, kept for the next limits
device_views, costs, given   names in requests → devices, costs, networks
workers, worker   a function → calls of it in bounded processes that may fail
workshops   those of the service: onnx_upload reads uploaded networks, archives builds exports,
            calibration fits uploaded logs
insights      a study → what its models say beyond its rows: intervals, which choices matter
page        the web page, over the same parts
api         the routers, one per resource; schemas, what they take and give
openapi_page  the document of the API → a page to read and try it
"""
