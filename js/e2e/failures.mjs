// A reporter of Node's test runner: one line for each test that failed, so that the
// end of a long log says what it was.
const most = 500; // characters of a message

export default async function* failures(events) {
  for await (const { type, data } of events) {
    const error = data?.details?.error;
    // A suite or a file that failed because of what is in it says nothing new.
    if (type !== "test:fail" || error?.failureType === "subtestsFailed") continue;
    const message = String(error?.cause?.message ?? error?.message ?? error).replace(/\s+/g, " ");
    yield `${data.name}: ${message.length > most ? `${message.slice(0, most)}...` : message}\n`;
  }
}
