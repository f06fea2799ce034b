/**
 * The process that {@link probe} runs in: `probe-process.js probe|leave-open FOLDER OBJECTS
 * COUNT`. Its figures are one line of JSON.
 *
 * @module
 */

import { leaveOpen, probe } from './probe.ts';

const [task, directory = '', objects, count] = process.argv.slice(2);
if (task === 'leave-open') await leaveOpen(directory, Number(objects), Number(count));
const figures = await probe(directory, { objects: Number(objects), repeats: Number(count) });
console.log(JSON.stringify(figures));
