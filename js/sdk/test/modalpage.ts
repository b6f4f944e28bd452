// What the test of the modal runs in its pages: the entry alone, as one tag needs it.
import "../src/modal.ts";
