/** A submission that the log does not take, with the status that the real one gives. */
export class RefusedEntry extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
