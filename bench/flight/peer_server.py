"""The peer: a Flight server of pyarrow, whose datasets filter on the server. `peer_server.py FILE`."""

import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.flight as flight

import queries


class Server(flight.FlightServerBase):
    def __init__(self, file):
        super().__init__("grpc://127.0.0.1:0")
        stored = ds.dataset(file).schema
        # Its filters know no text views.
        schema = pa.schema([field.with_type(pa.string()) if field.type == pa.string_view() else field for field in stored])
        self.dataset = ds.dataset(file, schema=schema)

    def do_get(self, context, ticket):
        name = ticket.ticket.decode()
        if name == "nothing":
            return flight.RecordBatchStream(self.dataset.schema.empty_table())
        query = queries.QUERIES[name]
        if query.aggregate is None:
            return flight.RecordBatchStream(self.dataset.scanner(filter=query.filter).to_reader())
        return flight.RecordBatchStream(query.aggregate(self.dataset))


if __name__ == "__main__":
    server = Server(sys.argv[1])
    print(f"grpc://127.0.0.1:{server.port}", flush=True)
    server.serve()
